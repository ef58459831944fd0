import { queue } from '#contracts';
import { publishedDraw } from './draw.js';
import type { QueueRules } from './rules.js';
import { classesOf, type Numbers, type WaitingRoom } from './waiting-room.js';

/** What one tick activated, as the activation log keeps it. */
export interface KeptTick {
  readonly from: number;
  readonly to: number;
  readonly at: Date;
  readonly activated: number;
  /** The passed-over numbers of the range, encoded from `from` on; null when there were none. */
  readonly passedOver: queue.NumberSet | null;
}

/** What the tables say of a class after a batch's changes. */
export interface ClassFacts {
  /** Of the class. */
  readonly index: number;
  /** Ticks of the kept time that activated somebody, oldest first. */
  readonly ticks: readonly KeptTick[];
  /** Ascending, from the first kept tick's range on. */
  readonly spent: readonly number[];
  readonly left: readonly number[];
  /** Live waiting places by bucket, buckets as `bucketSize` says; registered ones are in the first. */
  readonly live: readonly number[];
}

/** Of everybody's class, and of the others. */
export interface LineFacts extends ClassFacts {
  /** Registrations that were given up; none once the draw is done. */
  readonly registrationsLeft: readonly number[];
  /** In the order of the room's. */
  readonly classes: readonly ClassFacts[];
}

/** How many wait and how many passes run. */
export interface LineCounts {
  readonly waiting: number;
  readonly active: number;
  /** How many wait, by the class's index. */
  readonly waitingOf: ReadonlyMap<number, number>;
}

export function countsOf(facts: LineFacts, now: Date, rules: QueueRules): LineCounts {
  const waitingOf = new Map(
    [facts, ...facts.classes].map(({ index, live }) => [index, live.reduce((sum, count) => sum + count, 0)]),
  );
  const waiting = [...waitingOf.values()].reduce((sum, count) => sum + count, 0);
  return { waiting, active: activeCount(facts, now, rules), waitingOf };
}

const mostBuckets = 1_024;

/** The smallest power of two with which 1,024 buckets reach from the serving number to the end of the line. */
export function bucketSize({ lastNumber, servingNumber }: Numbers): number {
  let size = 1;
  while (size * mostBuckets < lastNumber - servingNumber) size *= 2;
  return size;
}

export function bucketCount(numbers: Numbers): number {
  return Math.ceil((numbers.lastNumber - numbers.servingNumber) / bucketSize(numbers));
}

/** 512 KiB on the wire, with room for the envelope. */
export const mostSnapshotBytes = 500 * 1_024;

/**
 * The snapshot of a room. Ordinary ones have some ten to fifty KiB. Should one be too large, registrations and numbers that
 * left before they were served go first (a tick passes over them), then the oldest ranges: those who are in them lose the rest of
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
  while (
    Buffer.byteLength(JSON.stringify(snapshot)) > mostBytes &&
    (kept.registrationsLeft.length > 0 || [kept, ...kept.classes].some(({ ticks }) => ticks.length > 0))
  ) {
    kept = smaller(room, kept);
    snapshot = write(room, kept, now, rules);
  }
  return snapshot;
}

function smaller(room: WaitingRoom, facts: LineFacts): LineFacts {
  if (facts.registrationsLeft.length > 0) return { ...facts, registrationsLeft: [] };
  const all = classesOf(room).map((numbers, index) => ({ ...numbers, ...(facts.classes[index - 1] ?? facts) }));
  const [general, ...classes] = all.some(({ left, servingNumber }) => left.some((number) => number > servingNumber))
    ? all.map((one) => ({ ...one, left: one.left.filter((number) => number <= one.servingNumber) }))
    : all.map((one) => ({ ...one, ...newerHalf(one) }));
  return { ...facts, ...general, classes };
}

function newerHalf({ servingNumber, ticks, spent, left }: ClassFacts & Numbers) {
  const kept = ticks.slice(Math.ceil(ticks.length / 2));
  const lowest = kept[0]?.from ?? servingNumber + 1;
  const inside = (number: number) => number >= lowest;
  return { ticks: kept, spent: spent.filter(inside), left: left.filter(inside) };
}

function write(room: WaitingRoom, facts: LineFacts, now: Date, rules: QueueRules): queue.QueueSnapshot {
  const ticks = [facts, ...facts.classes].flatMap((one) => one.ticks);
  const draw = publishedDraw(room);
  const { waiting, active } = countsOf(facts, now, rules);
  return {
    concertId: room.concertId,
    generation: room.generation,
    version: room.version,
    tickNumber: room.tickNumber,
    at: now.toISOString(),
    mode: room.mode,
    message: room.message,
    salesOpenAt: room.salesOpenAt?.toISOString() ?? null,
    activationBatch: room.activationBatch,
    tickMs: room.tickMs,
    maxActive: room.maxActive,
    stock: room.stock,
    tokenTtlSeconds: rules.tokenTtlMs / 1_000,
    waitingCount: waiting,
    activeCount: active,
    ...numbersOf(room, facts, now, room.tickMs),
    classes: room.classes.map((numbers, index) => ({
      index: numbers.index,
      name: numbers.name,
      share: numbers.share,
      ...numbersOf(numbers, facts.classes[index]!, now, room.tickMs),
    })),
    activated: ticks.map(({ from, to, at }) => ({ from, to, at: at.toISOString() })),
    draw: draw && { ...draw, left: queue.encodeNumberSet(facts.registrationsLeft) },
  };
}

function numbersOf(numbers: Numbers, facts: ClassFacts, now: Date, tickMs: number): queue.ClassNumbers {
  return {
    lastQueueNumber: numbers.lastNumber,
    servingNumber: numbers.servingNumber,
    ratePerSecond: ratePerSecond(facts.ticks, now, tickMs),
    spent: queue.encodeNumberSet(facts.spent),
    left: queue.encodeNumberSet(facts.left),
    passedOver: queue.encodeNumberSet(passedOverNumbers(facts.ticks)),
    buckets: { size: bucketSize(numbers), live: [...facts.live] },
  };
}

function* passedOverNumbers(ticks: readonly KeptTick[]): Iterable<number> {
  for (const { passedOver } of ticks) if (passedOver) yield* queue.decodeNumberSet(passedOver);
}

const rateMeasuredMs = 60_000;

/**
 * Places let in a second, over the last minute. A line that has moved for less is measured over that, from an interval before
 * its first tick: else a sale would seem to begin at a twelfth of its pace.
 */
function ratePerSecond(ticks: readonly KeptTick[], now: Date, tickMs: number): number {
  const since = now.getTime() - rateMeasuredMs;
  const counted = ticks.filter(({ at }) => at.getTime() > since);
  const [first] = counted;
  if (!first) return 0;
  const movingMs = counted.length < ticks.length ? rateMeasuredMs : now.getTime() - first.at.getTime() + tickMs;
  const places = counted.reduce((sum, { activated }) => sum + activated, 0);
  return places / (Math.min(rateMeasuredMs, movingMs) / 1_000);
}

/** Passes that run now: those of the ticks within a pass's length, less the ones spent or left since. */
export function activeCount(facts: LineFacts, now: Date, rules: QueueRules): number {
  return [facts, ...facts.classes].reduce((sum, one) => sum + activeOf(one, now, rules), 0);
}

function activeOf({ ticks, spent, left }: ClassFacts, now: Date, rules: QueueRules): number {
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
