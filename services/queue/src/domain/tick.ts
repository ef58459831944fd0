import type { Circumstances, Line } from './line.js';
import { activate } from './place.js';
import { batchLeft, frontOf, partsOf, waitingOf } from './pace.js';
import { after, type QueueRules } from './rules.js';
import { classesOf, isTickDue, type Numbers, standstill, type TickLimit, type WaitingRoom } from './waiting-room.js';

/**
 * How many waiting numbers a tick looks at beyond those it may activate. After a mass exodus the dead are passed over in
 * several ticks, none of which keeps the room locked for more than about a second.
 */
export const mostPassedOver = 50_000;

/** The most places a tick of the room can activate, however few passes run. */
export function wantedAtMost({ activationBatch, maxActive }: WaitingRoom): number {
  return maxActive === null ? activationBatch : Math.min(activationBatch, maxActive);
}

/**
 * The activation tick, decided at its place among the room's messages. Not before the interval is over, whoever sent it
 * and however often: two ticks are never closer than that by the database's clock, and missed ones are not made up.
 */
export function tick(line: Line, rules: QueueRules): void {
  const { room, now } = line;
  if (!isTickDue(room, now)) return rearm(room);
  room.tickNumber += 1;
  room.lastTickAt = now;
  room.nextTickAt = after(now, room.tickMs);
  line.visibleChange = true;
  line.ticked = true;
  // Whoever the batch numbers is not in the line before its end.
  const still = standstill(room, now) ?? (line.drawn ? 'DRAWING' : null);
  if (still === null) letIn(line, rules);
  else noteIdle(line, still, null);
}

/** Sent for this very due time and yet too early: the clock was set back, so that the command must be sent again. */
function rearm(room: WaitingRoom): void {
  if (room.tickSentFor?.getTime() === room.nextTickAt.getTime()) room.tickSentFor = null;
}

/** The lowest live numbers of each class become active; dead ones on the way are passed over, and do not count. */
function letIn(line: Line, rules: QueueRules): void {
  const { room, now } = line;
  const left = batchLeft(line, now);
  const active = room.maxActive === null ? null : frontOf(line).activeCount + line.activeChange;
  const allowed = active === null ? left : Math.max(0, Math.min(left, room.maxActive! - active));
  const waiting = classesOf(room).map((numbers) => ({ numbers, ...waitingOf(line, numbers) }));
  const parts = partsOf(allowed, room, new Map(waiting.map(({ numbers, live }) => [numbers.index, live.length])));
  const admitted = [...parts.values()].reduce((sum, part) => sum + part, 0);
  const somebodyWaits = waiting.some(({ live, lookedTo }) => live.length > 0 || lookedTo !== null);
  const endSeen = waiting.every(({ lookedTo }) => lookedTo === null);
  const limitedBy = limitOf({ left, allowed, admitted, somebodyWaits, endSeen });
  const moving = waiting
    .map((each) => ({ ...each, admitted: each.live.slice(0, parts.get(each.numbers.index)) }))
    .map((each) => ({ ...each, to: settledTo(each, admitted < allowed) }))
    .filter(({ numbers, to }) => to > numbers.servingNumber);
  if (moving.length === 0) return noteIdle(line, limitedBy, active);
  const activeUntil = after(now, rules.tokenTtlMs);
  const inTick = circumstances(room);
  for (const { numbers, admitted: passing, to } of moving) {
    const settled = settle(line, numbers, { to, admitted: passing, at: now, activeUntil });
    line.advances.push({ ...inTick, ...settled, active, limitedBy });
  }
}

/**
 * Settles the numbers of a class up to `to` for ever: the admitted ones, all of them alive and waiting, get a pass, everybody else in
 * between is passed over.
 */
export function settle(
  line: Line,
  numbers: Numbers,
  { to, admitted, at, activeUntil }: { to: number; admitted: readonly number[]; at: Date; activeUntil: Date },
) {
  const { room } = line;
  const from = numbers.servingNumber + 1;
  const passing = new Set(admitted);
  for (const place of line.placesBetween(from, to)) {
    if (place.status !== 'WAITING') continue;
    if (!passing.has(place.queueNumber)) {
      line.finish(place, 'EXPIRED');
      continue;
    }
    activate(place, at, activeUntil);
    line.touch(place);
  }
  const passedOver: number[] = [];
  for (let number = from; number <= to; number += 1) if (!passing.has(number)) passedOver.push(number);
  numbers.servingNumber = to;
  room.idleFor = null;
  line.activeChange += passing.size;
  return { at, class: numbers.index, from, to, activated: passing.size, passedOver, activeUntil };
}

/** Of ticks that move nobody for the same reason, one after the other, the first is logged: nothing else is to be told. */
function noteIdle(line: Line, limitedBy: TickLimit, active: number | null): void {
  const { room, now } = line;
  if (room.idleFor === limitedBy) return;
  room.idleFor = limitedBy;
  const range = { class: 0, from: room.servingNumber + 1, to: room.servingNumber, activated: 0, passedOver: [] };
  line.advances.push({ ...circumstances(room), at: now, ...range, activeUntil: now, active, limitedBy });
}

export function circumstances({
  generation,
  tickNumber,
  activationBatch,
  tickMs,
  maxActive,
}: WaitingRoom): Circumstances {
  return { generation, tickNumber, activationBatch, tickMs, maxActive };
}

function limitOf(found: {
  /** What the batch, and what batch and cap leave. */
  left: number;
  allowed: number;
  admitted: number;
  somebodyWaits: boolean;
  endSeen: boolean;
}): TickLimit {
  const { left, allowed, admitted, somebodyWaits, endSeen } = found;
  if (admitted === left && (admitted > 0 || somebodyWaits)) return 'BATCH';
  if (admitted === allowed && somebodyWaits) return 'CAP';
  return endSeen ? 'EMPTY' : 'PASSED_OVER';
}

/** The highest number of a class that a tick settles. Where it could let in more, whoever was looked at has gone by. */
function settledTo(
  { numbers, admitted, lookedTo }: { numbers: Numbers; admitted: readonly number[]; lookedTo: number | null },
  couldLetInMore: boolean,
): number {
  if (couldLetInMore) return lookedTo ?? numbers.lastNumber;
  return admitted.at(-1) ?? numbers.servingNumber;
}
