import { queue } from '#contracts';
import type { Front, Line } from './line.js';
import { after } from './rules.js';
import { classesOf, type Numbers, type WaitingRoom } from './waiting-room.js';

/** Joins that are let in at once within so much time share a row of the log, and with it a beginning and end of their passes, ms. */
export const togetherMs = 1_000;

export function frontOf({ front, room }: Line): Front {
  if (!front) throw new Error(`the front of the line of ${room.concertId} was not loaded`);
  return front;
}

/**
 * Live waiting numbers of a class in order: those found in the table, less who went during the batch, then who came during it.
 * `lookedTo`: the highest number that was looked at, where more may wait behind it.
 */
export function waitingOf(line: Line, { index, servingNumber }: Numbers): { live: number[]; lookedTo: number | null } {
  const { liveNumbers, lookedTo } = frontOf(line).classes.get(index) ?? { liveNumbers: [], lookedTo: null };
  const still = liveNumbers.filter(
    (number) => number > servingNumber && (line.placeAt(number)?.status ?? 'WAITING') === 'WAITING',
  );
  if (lookedTo !== null) return { live: still, lookedTo };
  const newcomers = line.created
    .filter(({ queueNumber, status }) => status === 'WAITING' && queue.classOf(queueNumber) === index)
    .filter((place) => line.isLive(place));
  return { live: [...still, ...newcomers.map(({ queueNumber }) => queueNumber)], lookedTo };
}

/**
 * What is left of the batch for whoever becomes active with the recorded time `at`: at most a batch of activations in any
 * interval. Those who came in at once may have come up to `togetherMs` after the time that is recorded for them.
 */
export function batchLeft(line: Line, at: Date): number {
  const since = after(at, -line.room.tickMs);
  let left = line.room.activationBatch;
  for (const { at: recorded, activated, limitedBy } of [...frontOf(line).recent, ...line.advances]) {
    const latest = limitedBy === 'INSTANT' ? after(recorded, togetherMs) : recorded;
    if (latest > since) left -= activated;
  }
  return Math.max(0, left);
}

/**
 * How many of `allowed` places each class gets, by index: its share first, as long as somebody waits; what nobody took of
 * the shares goes to everybody, and then to the other classes.
 * @param waiting by index, how many live places wait, up to `allowed`
 */
export function partsOf(
  allowed: number,
  room: WaitingRoom,
  waiting: ReadonlyMap<number, number>,
): ReadonlyMap<number, number> {
  const parts = new Map<number, number>();
  let left = allowed;
  const give = (index: number, most: number) => {
    const part = parts.get(index) ?? 0;
    const more = Math.min(most, left, waiting.get(index)! - part);
    parts.set(index, part + more);
    left -= more;
  };
  const due = dueOf(allowed, room);
  for (const { index } of room.classes) give(index, due.get(index)!);
  for (const { index } of classesOf(room)) give(index, left);
  return parts;
}

/** Coprime to 100, and near to its golden section: what comes one after the other is far apart. */
const spread = 61;

/**
 * What of `allowed` places is due to each class, and the rest to everybody: the whole places of its share, always; and of the
 * fractions, which make whole places together, one here and one there, so that over a hundred places each has its share.
 */
export function dueOf(allowed: number, room: WaitingRoom): ReadonlyMap<number, number> {
  const come = classesOf(room).reduce(
    (sum, { index, servingNumber }) => sum + servingNumber - queue.numberBefore(index),
    0,
  );
  const start = (come * spread) % 100;
  // The fractions are laid end to end, in hundredths, and every hundredth from `start` on hits one.
  const hitsBelow = (end: number) => Math.max(0, Math.ceil((end - start) / 100));
  let end = 0;
  return new Map(
    room.classes.map(({ index, share }) => {
      const before = hitsBelow(end);
      end += (allowed * share) % 100;
      return [index, Math.floor((allowed * share) / 100) + hitsBelow(end) - before];
    }),
  );
}
