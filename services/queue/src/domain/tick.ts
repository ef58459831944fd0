import type { Advance, Front, Line } from './line.js';
import { activate } from './place.js';
import { after, type QueueRules } from './rules.js';
import { advances, isTickDue, type WaitingRoom } from './waiting-room.js';

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
  if (advances(room, now)) letIn(line, rules);
}

/** Sent for this very due time and yet too early: the clock was set back, so that the command must be sent again. */
function rearm(room: WaitingRoom): void {
  if (room.tickSentFor?.getTime() === room.nextTickAt.getTime()) room.tickSentFor = null;
}

/** The lowest live numbers become active; dead ones on the way are passed over, and do not count. */
function letIn(line: Line, rules: QueueRules): void {
  const { room, now, front } = line;
  if (!front) throw new Error(`the front of the line of ${room.concertId} was not loaded`);
  const admitted = lowestLive(line, front).slice(0, places(line, front));
  const from = room.servingNumber + 1;
  const to = lookedTo(line, front, admitted);
  if (to < from) return;
  const activeUntil = after(now, rules.tokenTtlMs);
  const passing = new Set(admitted);
  for (const place of line.placesBetween(from, to)) {
    if (place.status !== 'WAITING') continue;
    if (!passing.has(place.queueNumber)) {
      line.finish(place, 'EXPIRED');
      continue;
    }
    activate(place, now, activeUntil);
    line.touch(place);
  }
  room.servingNumber = to;
  line.advance = record(room.tickNumber, from, to, passing, activeUntil);
}

/** How many may be let in: the batch, or what the cap on running passes leaves of it. */
function places({ room, freed }: Line, front: Front): number {
  if (room.maxActive === null) return room.activationBatch;
  return Math.max(0, Math.min(room.activationBatch, room.maxActive - (front.activeCount - freed)));
}

/** Live waiting numbers in order: those found in the table, less who went during the batch, then who came during it. */
function lowestLive(line: Line, front: Front): number[] {
  const still = front.liveNumbers.filter((number) => (line.placeAt(number)?.status ?? 'WAITING') === 'WAITING');
  if (front.lookedTo !== null) return still;
  const newcomers = line.created.filter(({ status }) => status === 'WAITING').map(({ queueNumber }) => queueNumber);
  return [...still, ...newcomers];
}

/** The highest number that this tick has settled; the serving number when it let in nobody because the room was full. */
function lookedTo(line: Line, front: Front, admitted: readonly number[]): number {
  const wanted = places(line, front);
  if (wanted === 0) return line.room.servingNumber;
  if (admitted.length === wanted) return admitted.at(-1)!;
  return front.lookedTo ?? line.room.lastNumber;
}

function record(
  tickNumber: number,
  from: number,
  to: number,
  passing: ReadonlySet<number>,
  activeUntil: Date,
): Advance {
  const passedOver: number[] = [];
  for (let number = from; number <= to; number += 1) if (!passing.has(number)) passedOver.push(number);
  return { tickNumber, from, to, activated: passing.size, passedOver, activeUntil };
}
