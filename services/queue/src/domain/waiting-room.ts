import type { queue } from '#contracts';
import { after, graceMs, type QueueRules } from './rules.js';

/** The one row per concert that all its changes are serialised by. */
export interface WaitingRoom {
  readonly concertId: string;
  readonly generation: number;
  readonly mode: queue.QueueMode;
  readonly salesOpenAt: Date | null;
  /** The room's own figures, or the settings'. */
  readonly activationBatch: number;
  readonly tickMs: number;
  readonly maxActive: number | null;
  /** The highest number drawn; 0 before the first. */
  lastNumber: number;
  /** The highest number a tick has looked at; 0 before the first. */
  servingNumber: number;
  /** Of the newest snapshot. */
  version: number;
  tickNumber: number;
  nextTickAt: Date;
  /** The `nextTickAt` that a Tick command was already sent for. */
  tickSentFor: Date | null;
  lastTickAt: Date;
  snapshotAt: Date | null;
  /** A change waits to be shown. */
  snapshotDue: boolean;
  /** After an outage: until then nobody is judged dead who was alive when it began, at `outageFrom`. */
  judgedAfter: Date | null;
  outageFrom: Date | null;
}

/** A fresh room, whose first tick is one interval away. */
export function openRoom(concertId: string, salesOpenAt: Date | null, now: Date, rules: QueueRules): WaitingRoom {
  return {
    concertId,
    generation: 1,
    mode: 'OPEN',
    salesOpenAt,
    activationBatch: rules.activationBatch,
    tickMs: rules.tickMs,
    maxActive: rules.maxActive,
    lastNumber: 0,
    servingNumber: 0,
    version: 0,
    tickNumber: 0,
    nextTickAt: after(now, rules.tickMs),
    tickSentFor: null,
    lastTickAt: now,
    snapshotAt: null,
    snapshotDue: false,
    judgedAfter: null,
    outageFrom: null,
  };
}

export function admitsNewcomers(mode: queue.QueueMode): boolean {
  return mode === 'OPEN' || mode === 'PAUSED';
}

export function advances(room: WaitingRoom, now: Date): boolean {
  return (room.mode === 'OPEN' || room.mode === 'DRAIN') && (room.salesOpenAt === null || now >= room.salesOpenAt);
}

export function isTickDue(room: WaitingRoom, now: Date): boolean {
  return now >= room.nextTickAt;
}

/** Below a second a missed tick is a hiccup of the machine, not an outage during which visitors could not be seen. */
const shortestOutageMs = 1_000;

/**
 * Sees from the last tick's age that the room stood still for more than three ticks: renewals may be late or lost, so
 * nobody who was alive when it began is judged dead for a while. Call it before judging anybody.
 */
export function noticeOutage(room: WaitingRoom, now: Date, rules: QueueRules): void {
  const silentMs = now.getTime() - room.lastTickAt.getTime();
  if (silentMs <= Math.max(3 * room.tickMs, shortestOutageMs)) return;
  const graceRan = room.judgedAfter !== null && room.outageFrom !== null && room.lastTickAt < room.judgedAfter;
  room.outageFrom = graceRan ? room.outageFrom : room.lastTickAt;
  room.judgedAfter = after(now, graceMs(rules));
}

/** A waiting place whose lease is not after this instant is dead. */
export function deadLineOf(room: WaitingRoom, now: Date): Date {
  const grace = room.judgedAfter !== null && room.outageFrom !== null && now < room.judgedAfter;
  return grace ? room.outageFrom! : now;
}
