import { queue } from '#contracts';
import { after, type Figures, graceMs, type QueueRules } from './rules.js';

/**
 * What kept a tick from letting in more: a full batch, the cap on running passes, the end of the line, the look's end
 * (`mostPassedOver` in `tick.ts`), the mode, a sale that is still to open, or a draw that is under way.
 */
export type TickLimit = 'BATCH' | 'CAP' | 'EMPTY' | 'PASSED_OVER' | 'PAUSED' | 'CLOSED' | 'NOT_OPEN' | 'DRAWING';

/** What a row of the activation log tells: a tick and what limited it, or joins that were let in at once. */
export type LogEntry = TickLimit | 'INSTANT';

/** The numbers of a class: those above `queue.numberBefore(index)`. */
export interface Numbers {
  /** 0: everybody's. */
  readonly index: number;
  /** The highest number given; that before the class's first when none was. */
  lastNumber: number;
  /** The highest number a tick has looked at; that before the class's first when none was. */
  servingNumber: number;
}

/** Who has its code waits in a line of their own, which has a share of every batch, in percent. */
export interface AdmissionClass extends Numbers {
  readonly name: string;
  share: number;
  codeHash: string | null;
}

/** The one row per concert that all its changes are serialised by. It is class 0 itself: that of everybody. */
export interface WaitingRoom extends Numbers {
  readonly concertId: string;
  /** The other classes, by index. */
  classes: AdmissionClass[];
  generation: number;
  mode: queue.QueueMode;
  /** Of an operator to everybody in the line. */
  message: string | null;
  readonly salesOpenAt: Date | null;
  /** The figures that operators set in place of the settings'. Never changed, but replaced. */
  own: Readonly<Partial<Figures>>;
  /** The figures that hold: the room's own, or the settings'. */
  activationBatch: number;
  tickMs: number;
  maxActive: number | null;
  /** With fewer passes running, a join while nobody waits is let in at once; null: never. */
  instantBelow: number | null;
  /** The concert's seats, as they were counted last; null before the first count. */
  readonly stock: queue.Stock | null;
  /**
   * What the pre-queue's order comes from: 32 random bytes in hexadecimal, made with the generation and never changed. Null
   * where the generation began without a sale to wait for.
   */
  seed: string | null;
  /** Registrations in the pre-queue: 1, 2, … in the order of joining. */
  registered: number;
  /** Null until the sale opens; then how many registrations have their numbers. */
  drawnTo: number | null;
  /** Of the newest snapshot. */
  version: number;
  /** Counts the ticks, and with them the rows of the log that are none. */
  tickNumber: number;
  nextTickAt: Date;
  /** The `nextTickAt` that a Tick command was already sent for. */
  tickSentFor: Date | null;
  lastTickAt: Date;
  /** What kept the last tick from moving the line, once that is in the log; null when it moved, or a control came since. */
  idleFor: TickLimit | null;
  snapshotAt: Date | null;
  /** A change waits to be shown. */
  snapshotDue: boolean;
  /** After an outage: until then nobody is judged dead who was alive when it began, at `outageFrom`. */
  judgedAfter: Date | null;
  outageFrom: Date | null;
}

/** A fresh room, whose first tick is one interval away. `seed`: 32 random bytes in hexadecimal. */
export function openRoom(
  concertId: string,
  salesOpenAt: Date | null,
  seed: string,
  now: Date,
  rules: QueueRules,
): WaitingRoom {
  return {
    concertId,
    index: 0,
    classes: [],
    generation: 1,
    mode: 'OPEN',
    message: null,
    salesOpenAt,
    own: {},
    activationBatch: rules.activationBatch,
    tickMs: rules.tickMs,
    maxActive: rules.maxActive,
    instantBelow: null,
    stock: null,
    ...preQueue(salesOpenAt, seed, now),
    lastNumber: 0,
    servingNumber: 0,
    version: 0,
    tickNumber: 0,
    nextTickAt: after(now, rules.tickMs),
    tickSentFor: null,
    lastTickAt: now,
    idleFor: null,
    snapshotAt: null,
    snapshotDue: false,
    judgedAfter: null,
    outageFrom: null,
  };
}

/** The room as it is now, whatever becomes of it. */
export function copyOf(room: WaitingRoom): WaitingRoom {
  return { ...room, classes: room.classes.map((one) => ({ ...one })) };
}

/** Everybody's class, and the others, by index. */
export function classesOf(room: WaitingRoom): readonly Numbers[] {
  return [room, ...room.classes];
}

/** The class that a number is of. @throws when the room has none such */
export function classOf(room: WaitingRoom, queueNumber: number): Numbers {
  const found = classesOf(room).find(({ index }) => index === queue.classOf(queueNumber));
  if (!found) throw new Error(`number ${queueNumber} of ${room.concertId} is of no class`);
  return found;
}

/** What numbers of a class begin from. */
export function noNumbers(index: number): Numbers {
  return { index, lastNumber: queue.numberBefore(index), servingNumber: queue.numberBefore(index) };
}

export function isBeforeSale({ salesOpenAt }: Pick<WaitingRoom, 'salesOpenAt'>, now: Date): boolean {
  return salesOpenAt !== null && now < salesOpenAt;
}

/** A generation that begins before the sale opens has a pre-queue. */
export function preQueue(salesOpenAt: Date | null, seed: string, now: Date) {
  return { seed: isBeforeSale({ salesOpenAt }, now) ? seed : null, registered: 0, drawnTo: null };
}

/** Whether who joins is registered: until the sale opens, and then never again in the generation. */
export function isRegistering({ seed, drawnTo }: WaitingRoom): boolean {
  return seed !== null && drawnTo === null;
}

/** There is a pre-queue whose numbers are not all given yet. */
export function awaitsDraw({ seed, registered, drawnTo }: WaitingRoom): boolean {
  return seed !== null && (drawnTo === null || drawnTo < registered);
}

/** The draw is under way: the order is settled, and not yet written to every place. */
export function isDrawing(room: WaitingRoom): room is WaitingRoom & { seed: string; drawnTo: number } {
  return awaitsDraw(room) && room.drawnTo !== null;
}

/**
 * Sees that the sale has opened: who is registered by now is in the draw, and everybody later joins behind them. Call it
 * before anybody joins.
 * @returns whether it has opened just now
 */
export function noticeOpening(room: WaitingRoom, now: Date): boolean {
  if (!isRegistering(room) || isBeforeSale(room, now)) return false;
  room.lastNumber = room.registered;
  room.drawnTo = 0;
  return true;
}

export function admitsNewcomers(mode: queue.QueueMode): boolean {
  return mode === 'OPEN' || mode === 'PAUSED';
}

/** Every seat is sold or blocked. One that is held may come back, and what was never counted may be there. */
export function isSoldOut({ stock }: WaitingRoom): boolean {
  return stock?.seatsLeft === 0;
}

/** Why ticks let nobody in, whoever waits; null when they do. */
export function standstill(
  room: WaitingRoom,
  now: Date,
): Extract<TickLimit, 'PAUSED' | 'CLOSED' | 'NOT_OPEN' | 'DRAWING'> | null {
  const { mode } = room;
  if (mode === 'PAUSED' || mode === 'CLOSED') return mode;
  if (isBeforeSale(room, now)) return 'NOT_OPEN';
  return isDrawing(room) ? 'DRAWING' : null;
}

export function advances(room: WaitingRoom, now: Date): boolean {
  return standstill(room, now) === null;
}

export function isTickDue(room: WaitingRoom, now: Date): boolean {
  return now >= room.nextTickAt;
}

/** Below a second a missed tick is a hiccup of the machine, not an outage during which visitors could not be seen. */
const shortestOutageMs = 1_000;

/**
 * Sees from the next tick's lateness that the room stood still for more than three ticks: renewals may be late or lost, so
 * nobody who was alive when it began is judged dead for a while. Call it before judging anybody. The last tick's age would
 * not tell: it may be from before a control that made the interval shorter.
 */
export function noticeOutage(room: WaitingRoom, now: Date, rules: QueueRules): void {
  const silentSince = after(room.nextTickAt, -room.tickMs);
  if (now.getTime() - silentSince.getTime() <= Math.max(3 * room.tickMs, shortestOutageMs)) return;
  const graceRan = room.judgedAfter !== null && room.outageFrom !== null && silentSince < room.judgedAfter;
  room.outageFrom = graceRan ? room.outageFrom : silentSince;
  room.judgedAfter = after(now, graceMs(rules));
}

/** A waiting place whose lease is not after this instant is dead. */
export function deadLineOf(room: WaitingRoom, now: Date): Date {
  const grace = room.judgedAfter !== null && room.outageFrom !== null && now < room.judgedAfter;
  return grace ? room.outageFrom! : now;
}
