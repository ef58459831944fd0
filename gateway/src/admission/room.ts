import { queue } from '#contracts';

const STALE_TICKS = 3;
/** A quiet room is shown as often, however its ticks are set. */
const SNAPSHOT_INTERVAL_MS = 5_000;

interface ActivatedRange {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

/** More than any snapshot is late: the queue database's clock was set back. */
const CLOCK_SET_BACK_MS = 5_000;

/** A concert's waiting room as one snapshot shows it, ready for questions. Unchangeable; a newer snapshot is a new room. */
export class Room {
  /** What our monotonic clock lacks to the queue database's time, ms. */
  private readonly clockOffset: number;
  private readonly activated: readonly ActivatedRange[];
  /** `liveBefore[i]`: live places in the buckets before the i-th. */
  private readonly liveBefore: readonly number[];
  private readonly live: number;
  private sets: Record<'spent' | 'left' | 'passedOver', queue.DecodedNumberSet> | undefined;

  /** `receivedAt`: the process's monotonic clock when the snapshot came, ms. `before`: the same concert's room until then. */
  constructor(
    readonly snapshot: queue.QueueSnapshot,
    private readonly receivedAt: number,
    before?: Room,
  ) {
    this.clockOffset = offsetNow(Date.parse(snapshot.at) - receivedAt, receivedAt, before);
    this.activated = snapshot.activated.map(({ from, to, at }) => ({ from, to, at: Date.parse(at) }));
    let sum = 0;
    this.liveBefore = snapshot.buckets.live.map((live) => (sum += live) - live);
    this.live = sum;
  }

  /** Whether the number is in one of the snapshot's sets. They are unpacked on the first question. */
  names(set: 'spent' | 'left' | 'passedOver', queueNumber: number): boolean {
    const { spent, left, passedOver } = this.snapshot;
    this.sets ??= {
      spent: queue.decodeNumberSet(spent),
      left: queue.decodeNumberSet(left),
      passedOver: queue.decodeNumberSet(passedOver),
    };
    return this.sets[set].has(queueNumber);
  }

  /** The queue database's time, ms since 1970. It never goes back, but with that database's own clock. */
  now(monotonic: number): number {
    return Math.floor(monotonic + this.offsetAt(monotonic));
  }

  /** The offset at `monotonic` as long as no snapshot tells better: clocks may drift apart by a thousandth. */
  offsetAt(monotonic: number): number {
    return this.clockOffset - (monotonic - this.receivedAt) / 1_000;
  }

  /** Nothing was heard for more than three ticks: nobody is judged by what may have changed since. */
  isStale(monotonic: number): boolean {
    return monotonic - this.receivedAt > STALE_TICKS * Math.max(this.snapshot.tickMs, SNAPSHOT_INTERVAL_MS);
  }

  /** When a tick passed the number, if that tick is still kept. */
  activatedAt(queueNumber: number): number | undefined {
    return this.activated.findLast(({ from, to }) => from <= queueNumber && queueNumber <= to)?.at;
  }

  /** The place of a waiting number in the line: 1 is next. Exact where buckets hold one number each. */
  position(queueNumber: number): number {
    const { servingNumber, lastQueueNumber, buckets } = this.snapshot;
    // Joined after the snapshot: everybody between is taken for live.
    if (queueNumber > lastQueueNumber) return this.live + (queueNumber - Math.max(lastQueueNumber, servingNumber));
    const offset = queueNumber - servingNumber - 1;
    const bucket = Math.floor(offset / buckets.size);
    const liveInBucket = buckets.live[bucket];
    if (liveInBucket === undefined) return Math.max(1, this.live);
    // Within its bucket a number has at most as many before it as the bucket has live ones.
    return (this.liveBefore[bucket] ?? 0) + Math.max(1, Math.min((offset % buckets.size) + 1, liveInBucket));
  }

  /** How long a pass lasts, ms. */
  get passMs(): number {
    return this.snapshot.tokenTtlSeconds * 1000;
  }

  /** Whether ticks let people in, now or from `salesOpenAt` on. */
  get advances(): boolean {
    return this.snapshot.mode === 'OPEN' || this.snapshot.mode === 'DRAIN';
  }
}

/** A snapshot is told late, by some ms or many: the least late one of the last knows the time best. */
function offsetNow(measured: number, monotonic: number, before: Room | undefined): number {
  const known = before?.offsetAt(monotonic) ?? measured;
  return known - measured > CLOCK_SET_BACK_MS ? measured : Math.max(known, measured);
}
