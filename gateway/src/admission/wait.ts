import type { ClassLine, Room } from './room.js';

const POLL_SECONDS_MIN = 2;
const POLL_SECONDS_MAX = 120;
/** When nothing can be said about the wait: the line may begin to move at any moment. */
const POLL_SECONDS_UNKNOWN = 10;
/** A visitor comes back about ten times on the way. */
const POLLS_PER_WAIT = 10;
/** Spreads those who came in the same second. */
const JITTER = 0.3;
/** At least three more tries fit into a token's time when one is lost. */
const POLLS_PER_TOKEN = 4;

/**
 * Seconds until a position of a class, everybody's where none is said, is served; null when unknown, or when the line does not move. `now` in ms since
 * 1970.
 */
export function estimatedWaitSeconds(
  room: Room | undefined,
  position: number | null,
  now: number,
  line: ClassLine | undefined = room?.lineOf(null),
): number | null {
  const shortest = shortestWaitSeconds(room, position, now);
  if (!room || !line || position === null || shortest === null) return null;
  const { activationBatch, maxActive, activeCount } = room.snapshot;
  const { ratePerSecond } = line;
  const next = room.partOf(line, Math.min(activationBatch, maxActive === null ? Infinity : maxActive - activeCount));
  const isHeldUp = room.standsStill || (maxActive !== null && position > next);
  // Nobody was let in lately: when a pass will end, or what stands in the way is over, nobody knows.
  if (isHeldUp && ratePerSecond === 0) return null;
  // A measured rate tells more than the nominal one, unless the next tick is due to take this position anyway.
  const nextTickTakesIt = position <= next && !room.standsStill;
  const byRate = ratePerSecond === 0 || nextTickTakesIt ? 0 : position / ratePerSecond;
  return Math.ceil(Math.max(shortest, byRate));
}

/**
 * After how many seconds to ask again: a tenth of the shortest possible wait, from 2 to 120 s, and never more than a quarter
 * of the time that the token has left. `chance` in [0, 1): also those at the very end of a line come spread.
 */
export function pollAfterSeconds(
  wait: { room: Room | undefined; position: number | null; now: number; tokenSeconds: number },
  chance: number,
): number {
  const { room, position, now, tokenSeconds } = wait;
  const highest = Math.max(1, Math.min(POLL_SECONDS_MAX, Math.floor(tokenSeconds / POLLS_PER_TOKEN)));
  const shortest = shortestWaitSeconds(room, position, now);
  const wanted = shortest === null ? POLL_SECONDS_UNKNOWN : Math.max(POLL_SECONDS_MIN, shortest / POLLS_PER_WAIT);
  const base = Math.min(wanted, highest / (1 + JITTER));
  return Math.max(1, Math.round(base * (1 + JITTER * chance)));
}

/** As if every tick let in a full batch. */
function shortestWaitSeconds(room: Room | undefined, position: number | null, now: number): number | null {
  if (!room || position === null || !room.advances) return null;
  const { salesOpenAt } = room.snapshot;
  const untilOpen = salesOpenAt === null ? 0 : Math.max(0, (Date.parse(salesOpenAt) - now) / 1000);
  return untilOpen + ticksUntil(room, position);
}

/** Seconds of ticks, each with a full batch, until the position is in. */
function ticksUntil(room: Room, position: number): number {
  const { activationBatch, tickMs } = room.snapshot;
  return (Math.ceil(position / activationBatch) * tickMs) / 1000;
}
