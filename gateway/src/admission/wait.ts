import type { Room } from './room.js';

const POLL_SECONDS_MIN = 2;
const POLL_SECONDS_MAX = 120;
/** When nothing can be said about the wait. */
const POLL_SECONDS_UNKNOWN = 10;
/** A visitor comes back about ten times on the way. */
const POLLS_PER_WAIT = 10;
/** Spreads those who came in the same second. */
const JITTER = 0.3;
/** At least three more tries fit into a token's time when one is lost. */
const POLLS_PER_TOKEN = 4;

/** Seconds until a position is served; null when unknown, or when the line does not move. `now` in ms since 1970. */
export function estimatedWaitSeconds(room: Room | undefined, position: number | null, now: number): number | null {
  if (!room || position === null || !room.advances) return null;
  const { ratePerSecond, activationBatch, salesOpenAt } = room.snapshot;
  const untilOpen = salesOpenAt === null ? 0 : Math.max(0, (Date.parse(salesOpenAt) - now) / 1000);
  const byTicks = ticksUntil(room, position);
  // A measured rate tells more than the nominal one, unless the next tick is due to take this position anyway.
  const fromNow =
    position > activationBatch && ratePerSecond > 0 ? Math.max(byTicks, position / ratePerSecond) : byTicks;
  return Math.ceil(untilOpen + fromNow);
}

/**
 * After how many seconds to ask again: a tenth of the shortest possible wait, from 2 to 120 s, and never more than a quarter
 * of a token's time. `chance` in [0, 1).
 */
export function pollAfterSeconds(
  wait: { room: Room | undefined; position: number | null; now: number; ttlSeconds: number },
  chance: number,
): number {
  const { room, position, now, ttlSeconds } = wait;
  const highest = Math.max(1, Math.min(POLL_SECONDS_MAX, Math.floor(ttlSeconds / POLLS_PER_TOKEN)));
  const shortest = shortestWaitSeconds(room, position, now);
  const base = shortest === null ? POLL_SECONDS_UNKNOWN : Math.max(POLL_SECONDS_MIN, shortest / POLLS_PER_WAIT);
  return Math.min(highest, Math.round(base * (1 + JITTER * chance)));
}

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
