import { queue } from '#contracts';
import type { QueueRules } from './rules.js';
import type { WaitingRoom } from './waiting-room.js';

/** What one tick activated, as the activation log keeps it. */
export interface KeptTick {
  readonly from: number;
  readonly to: number;
  readonly at: Date;
  readonly activated: number;
  /** The passed-over numbers of the range, encoded from `from` on; null when there were none. */
  readonly passedOver: queue.NumberSet | null;
}

/** What the tables say of a room after a batch's changes. */
export interface LineFacts {
  /** Ticks of the kept time that activated somebody, oldest first. */
  readonly ticks: readonly KeptTick[];
  /** Ascending, from the first kept tick's range on. */
  readonly spent: readonly number[];
  readonly left: readonly number[];
  /** Live waiting places by bucket, buckets as `bucketSize` says. */
  readonly live: readonly number[];
}

const mostBuckets = 1_024;

/** The smallest power of two with which 1,024 buckets reach from the serving number to the end of the line. */
export function bucketSize({ lastNumber, servingNumber }: WaitingRoom): number {
  let size = 1;
  while (size * mostBuckets < lastNumber - servingNumber) size *= 2;
  return size;
}

export function bucketCount(room: WaitingRoom): number {
  return Math.ceil((room.lastNumber - room.servingNumber) / bucketSize(room));
}

/** 512 KiB on the wire, with room for the envelope. */
export const mostSnapshotBytes = 500 * 1_024;

/**
 * The snapshot of a room. Ordinary ones have some ten to fifty KiB. Should one be too large, numbers that left before they
 * were served go first (a tick passes over them), then the oldest ranges: those who are in them lose the rest of
 * their pass, but nobody whose token is spent passes.
 */
export function buildSnapshot(
  room: WaitingRoom,
  facts: LineFacts,
  now: Date,
  rules: QueueRules,
  mostBytes = mostSnapshotBytes,
): queue.QueueSnapshot {
  let kept = facts;
  let snapshot = write(room, kept, now, rules);
  while (Buffer.byteLength(JSON.stringify(snapshot)) > mostBytes && kept.ticks.length > 0) {
    kept = smaller(room, kept);
    snapshot = write(room, kept, now, rules);
  }
  return snapshot;
}

function smaller({ servingNumber }: WaitingRoom, facts: LineFacts): LineFacts {
  if (facts.left.some((number) => number > servingNumber)) {
    return { ...facts, left: facts.left.filter((number) => number <= servingNumber) };
  }
  const ticks = facts.ticks.slice(Math.ceil(facts.ticks.length / 2));
  const lowest = ticks[0]?.from ?? servingNumber + 1;
  const inside = (number: number) => number >= lowest;
  return { ...facts, ticks, spent: facts.spent.filter(inside), left: facts.left.filter(inside) };
}

function write(room: WaitingRoom, facts: LineFacts, now: Date, rules: QueueRules): queue.QueueSnapshot {
  const { ticks, spent, left, live } = facts;
  return {
    concertId: room.concertId,
    generation: room.generation,
    version: room.version,
    at: now.toISOString(),
    mode: room.mode,
    salesOpenAt: room.salesOpenAt?.toISOString() ?? null,
    activationBatch: room.activationBatch,
    tickMs: room.tickMs,
    tokenTtlSeconds: rules.tokenTtlMs / 1_000,
    lastQueueNumber: room.lastNumber,
    servingNumber: room.servingNumber,
    waitingCount: live.reduce((sum, count) => sum + count, 0),
    activeCount: activeCount(facts, now, rules),
    ratePerSecond: ratePerSecond(ticks, now),
    activated: ticks.map(({ from, to, at }) => ({ from, to, at: at.toISOString() })),
    spent: queue.encodeNumberSet(spent),
    left: queue.encodeNumberSet(left),
    passedOver: queue.encodeNumberSet(passedOverNumbers(ticks)),
    buckets: { size: bucketSize(room), live: [...live] },
  };
}

function* passedOverNumbers(ticks: readonly KeptTick[]): Iterable<number> {
  for (const { passedOver } of ticks) if (passedOver) yield* queue.decodeNumberSet(passedOver);
}

/** Places let in a second, over the last minute. */
function ratePerSecond(ticks: readonly KeptTick[], now: Date): number {
  const since = now.getTime() - 60_000;
  return ticks.reduce((sum, { at, activated }) => (at.getTime() > since ? sum + activated : sum), 0) / 60;
}

/** Passes that run now: those of the ticks within a pass's length, less the ones spent or left since. */
export function activeCount({ ticks, spent, left }: LineFacts, now: Date, rules: QueueRules): number {
  const running = ticks.filter(({ at }) => at.getTime() + rules.tokenTtlMs > now.getTime());
  let count = 0;
  for (const { from, to, activated, passedOver } of running) {
    const over = passedOver && queue.decodeNumberSet(passedOver);
    const hadPass = (number: number) => !over?.has(number);
    count += activated - countWithin(spent, from, to, hadPass) - countWithin(left, from, to, hadPass);
  }
  return count;
}

/** How many of the ascending `numbers` between `from` and `to` hold, without walking over the others. */
function countWithin(numbers: readonly number[], from: number, to: number, holds: (number: number) => boolean): number {
  let low = 0;
  for (let high = numbers.length; low < high;) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! < from) low = middle + 1;
    else high = middle;
  }
  let count = 0;
  for (; low < numbers.length && numbers[low]! <= to; low += 1) if (holds(numbers[low]!)) count += 1;
  return count;
}
