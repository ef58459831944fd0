import { queue } from '#contracts';

const STALE_TICKS = 3;
/** A quiet room is shown as often, however its ticks are set. */
const SNAPSHOT_INTERVAL_MS = 5_000;

interface ActivatedRange {
  readonly from: number;
  readonly to: number;
  readonly at: number;
}

type NamedSet = 'spent' | 'left' | 'passedOver';

/** More than any snapshot is late: the queue database's clock was set back. */
const CLOCK_SET_BACK_MS = 5_000;

/** The numbers of one class, as a snapshot shows them. */
export class ClassLine {
  readonly index: number;
  readonly name: string;
  /** Of every batch, in percent. */
  readonly share: number;
  /** Places activated a second, of late. */
  readonly ratePerSecond: number;
  /** Live places that wait. */
  readonly live: number;
  /** `liveBefore[i]`: live places in the buckets before the i-th. */
  private readonly liveBefore: readonly number[];
  private sets: Record<NamedSet, queue.DecodedNumberSet> | undefined;

  /** `registered`: in the pre-queue, whose numbers come first. */
  constructor(
    private readonly numbers: queue.ClassNumbers & {
      readonly index: number;
      readonly name: string;
      readonly share: number;
    },
    private readonly registered = 0,
  ) {
    this.index = numbers.index;
    this.name = numbers.name;
    this.share = numbers.share;
    this.ratePerSecond = numbers.ratePerSecond;
    let sum = 0;
    this.liveBefore = numbers.buckets.live.map((live) => (sum += live) - live);
    this.live = sum;
  }

  /** No tick has come to the number. */
  isAhead(queueNumber: number): boolean {
    return queueNumber > this.numbers.servingNumber;
  }

  /** Whether the number is in one of the snapshot's sets. They are unpacked on the first question. */
  names(set: NamedSet, number: number): boolean {
    const { spent, left, passedOver } = this.numbers;
    this.sets ??= {
      spent: queue.decodeNumberSet(spent),
      left: queue.decodeNumberSet(left),
      passedOver: queue.decodeNumberSet(passedOver),
    };
    return this.sets[set].has(number);
  }

  /** The place of a waiting number in the line: 1 is next. Exact where buckets hold one number each. */
  position(queueNumber: number): number {
    const { servingNumber, lastQueueNumber, buckets } = this.numbers;
    // Joined after the snapshot: everybody between is taken for live.
    if (queueNumber > lastQueueNumber) {
      return this.live + Math.max(1, queueNumber - Math.max(lastQueueNumber, servingNumber, this.registered));
    }
    const offset = queueNumber - servingNumber - 1;
    const bucket = Math.floor(offset / buckets.size);
    const liveInBucket = buckets.live[bucket];
    if (liveInBucket === undefined) return Math.max(1, this.live);
    // Within its bucket a number has at most as many before it as the bucket has live ones.
    return (this.liveBefore[bucket] ?? 0) + Math.max(1, Math.min((offset % buckets.size) + 1, liveInBucket));
  }
}

/** A concert's waiting room as one snapshot shows it, ready for questions. Unchangeable; a newer snapshot is a new room. */
export class Room {
  /** What our monotonic clock lacks to the queue database's time, ms. */
  private readonly clockOffset: number;
  private readonly activated: readonly ActivatedRange[];
  /** By the class's index. */
  private readonly classes: ReadonlyMap<number, ClassLine>;
  /** Ticks go by and let nobody in, though somebody waits: as many as may have a pass have one. */
  readonly standsStill: boolean;
  private gone: queue.DecodedNumberSet | undefined;
  /** The order that the pre-queue's seed says, computed on the first question and kept by the rooms after this one. */
  private order: { readonly seed: string; readonly numbers: Uint32Array } | undefined;

  /** `receivedAt`: the process's monotonic clock when the snapshot came, ms. `before`: the same concert's room until then. */
  constructor(
    readonly snapshot: queue.QueueSnapshot,
    private readonly receivedAt: number,
    before?: Room,
  ) {
    this.clockOffset = offsetNow(Date.parse(snapshot.at) - receivedAt, receivedAt, before);
    this.activated = snapshot.activated.map(({ from, to, at }) => ({ from, to, at: Date.parse(at) }));
    const shared = snapshot.classes.reduce((sum, { share }) => sum + share, 0);
    const general = { ...snapshot, index: 0, name: queue.everybody, share: 100 - shared };
    const after = snapshot.draw?.registered ?? 0;
    this.classes = new Map(
      [new ClassLine(general, after), ...snapshot.classes.map((numbers) => new ClassLine(numbers))].map((line) => [
        line.index,
        line,
      ]),
    );
    this.standsStill = standsStill(snapshot, before);
    this.order = before?.order;
  }

  /**
   * The class that a number is of; of a registration, and while the number is to be drawn, everybody's. Undefined: the class is
   * newer than the snapshot.
   */
  lineOf(queueNumber: number | null): ClassLine | undefined {
    return this.classes.get(queueNumber === null ? 0 : queue.classOf(queueNumber));
  }

  /** Whether the registration was given up; once the draw is done nobody asks. */
  gaveUp(registration: number): boolean {
    this.gone ??= queue.decodeNumberSet(this.snapshot.draw?.left ?? { from: 1, bits: '' });
    return this.gone.has(registration);
  }

  /** Live places that wait, of all classes; `besides`: without those of this one. */
  waiting(besides?: ClassLine): number {
    return [...this.classes.values()].reduce((sum, line) => (line === besides ? sum : sum + line.live), 0);
  }

  /** How many of `places` let in the class gets at least: its share, and what the others are too few for. */
  partOf(line: ClassLine, places: number): number {
    let left = places;
    for (const other of this.classes.values()) {
      if (other !== line) left -= Math.min(other.live, Math.ceil((places * other.share) / 100));
    }
    return Math.max(0, left);
  }

  /** The queue number that a registration of the pre-queue drew; null while the draw is not done. */
  numberDrawn(registration: number): number | null {
    const { draw } = this.snapshot;
    if (!draw || draw.seed === null) return null;
    if (this.order?.seed !== draw.seed) {
      this.order = { seed: draw.seed, numbers: queue.drawNumbers(draw.seed, draw.registered) };
    }
    return this.order.numbers[registration - 1] ?? null;
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
    // Whoever waits is asked about most often.
    if (this.lineOf(queueNumber)?.isAhead(queueNumber) ?? true) return undefined;
    return this.activated.findLast(({ from, to }) => from <= queueNumber && queueNumber <= to)?.at;
  }

  /** How long a pass lasts, ms. */
  get passMs(): number {
    return this.snapshot.tokenTtlSeconds * 1000;
  }

  /** When the sale opens; null where it has, at `now` (ms since 1970), or where nothing says when. */
  opensAt(now: number): string | null {
    const { salesOpenAt } = this.snapshot;
    return salesOpenAt !== null && Date.parse(salesOpenAt) > now ? salesOpenAt : null;
  }

  /** Whether ticks let people in, now or from `salesOpenAt` on. */
  get advances(): boolean {
    return this.snapshot.mode === 'OPEN' || this.snapshot.mode === 'DRAIN';
  }

  /** Whether a tick after this snapshot was bound to move the line, as far as the room knows. */
  get shouldMove(): boolean {
    const { salesOpenAt, at } = this.snapshot;
    return this.waiting() > 0 && this.advances && (salesOpenAt === null || salesOpenAt <= at);
  }
}

/** Seen from two snapshots with a tick between them; what lies between without a tick tells nothing new. */
function standsStill(snapshot: queue.QueueSnapshot, before: Room | undefined): boolean {
  const { generation, tickNumber } = snapshot;
  if (before?.snapshot.generation !== generation || served(snapshot) > served(before.snapshot)) return false;
  return tickNumber > before.snapshot.tickNumber ? before.shouldMove : before.standsStill;
}

/** How far the classes have come, all together: it only ever grows within a generation, but for a class that goes unused. */
function served({ servingNumber, classes }: queue.QueueSnapshot): number {
  return classes.reduce(
    (sum, numbers) => sum + numbers.servingNumber - queue.numberBefore(numbers.index),
    servingNumber,
  );
}

/** A snapshot is told late, by some ms or many: the least late one of the last knows the time best. */
function offsetNow(measured: number, monotonic: number, before: Room | undefined): number {
  const known = before?.offsetAt(monotonic) ?? measured;
  return known - measured > CLOCK_SET_BACK_MS ? measured : Math.max(known, measured);
}
