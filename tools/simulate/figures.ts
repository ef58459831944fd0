import { type Crowd, ends, stages } from './crowd.js';

/** Seconds at these shares of all, and at most. */
export interface Spread {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Figures {
  /** Visitors who were given a place, and who was let in at their last one. */
  readonly joined: number;
  readonly letIn: number;
  /** From asking for the place to the tick, s; and from the tick to the first ACTIVE answer. */
  readonly wait: Spread;
  readonly toldAfter: Spread;
  /** Pairs of whom the one accepted later was let in earlier. */
  readonly overtakes: number;
  /** Kendall's, between the instants of asking and the order of admission: below 1 by what the network mixes up. */
  readonly tau: number;
  /** Relative error of the estimate against the wait there was: that of the first answer, and that of any one. */
  readonly firstEstimate: Pick<Spread, 'p50' | 'p90'>;
  readonly anyEstimate: Pick<Spread, 'p50' | 'p90'>;
  /** Of those who joined, shares. */
  readonly dropOff: { readonly left: number; readonly lost: number; readonly passUnused: number };
}

/** What the visitors saw, at the end. `tickMs`: no wait counts as shorter, when an estimate is held against it. */
export function figuresOf(crowd: Crowd, tickMs: number): Figures {
  const joined = visitorsWhere(crowd, (visitor) => crowd.queueNumber[visitor]! > 0);
  const letIn = joined.filter((visitor) => !Number.isNaN(crowd.activatedAt[visitor]));
  const told = letIn.filter((visitor) => !Number.isNaN(crowd.toldActiveAt[visitor]));
  // By ticks, and within a tick by number: an Array's sort keeps equal ones in their order.
  const admitted = [...letIn].sort(
    (one, other) =>
      crowd.activatedAt[one]! - crowd.activatedAt[other]! || crowd.queueNumber[one]! - crowd.queueNumber[other]!,
  );
  const pairs = (letIn.length * (letIn.length - 1)) / 2;
  const seconds = (visitors: readonly number[], to: Float64Array, from: Float64Array) =>
    spread(visitors.map((visitor) => (to[visitor]! - from[visitor]!) / 1_000));
  const share = (count: number) => (joined.length === 0 ? 0 : count / joined.length);
  const left = joined.filter((visitor) => crowd.end[visitor] === ends.LEFT).length;
  const lost = joined.length - letIn.length - joined.filter((visitor) => hasLeftTheLine(crowd, visitor)).length;
  return {
    joined: joined.length,
    letIn: letIn.length,
    wait: seconds(letIn, crowd.activatedAt, crowd.arrivedAt),
    toldAfter: seconds(told, crowd.toldActiveAt, crowd.activatedAt),
    overtakes: inversions(admitted.map((visitor) => crowd.order[visitor]!)),
    tau: pairs === 0 ? 1 : 1 - (2 * inversions(admitted.map((visitor) => crowd.arrivedAt[visitor]!))) / pairs,
    firstEstimate: errorOf(crowd, letIn, crowd.firstEstimate, crowd.firstEstimateAt, tickMs),
    anyEstimate: errorOf(crowd, letIn, crowd.someEstimate, crowd.someEstimateAt, tickMs),
    dropOff: { left: share(left), lost: share(lost), passUnused: share(letIn.length - told.length) },
  };
}

function visitorsWhere({ size }: Crowd, holds: (visitor: number) => boolean): number[] {
  const found: number[] = [];
  for (let visitor = 0; visitor < size; visitor += 1) if (holds(visitor)) found.push(visitor);
  return found;
}

function hasLeftTheLine({ end, activatedAt, stage }: Crowd, visitor: number): boolean {
  return end[visitor] === ends.LEFT && Number.isNaN(activatedAt[visitor]) && stage[visitor] === stages.OVER;
}

function errorOf(
  { activatedAt }: Crowd,
  letIn: readonly number[],
  estimate: Float32Array,
  at: Float64Array,
  tickMs: number,
): Pick<Spread, 'p50' | 'p90'> {
  const errors = letIn.flatMap((visitor) => {
    if (Number.isNaN(at[visitor])) return [];
    const actual = activatedAt[visitor]! - at[visitor]!;
    return [Math.abs(estimate[visitor]! * 1_000 - actual) / Math.max(actual, tickMs)];
  });
  const { p50, p90 } = spread(errors);
  return { p50, p90 };
}

/** Of no values: zeros. */
export function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Pairs that are in descending order, counted by merging. */
export function inversions(values: readonly number[]): number {
  let from = Float64Array.from(values);
  let to = new Float64Array(values.length);
  let count = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, values.length), Math.min(start + 2 * width, values.length)];
      let [left, right] = [start, middle];
      for (let next = start; next < end; next += 1) {
        const fromLeft = left < middle && (right >= end || from[left]! <= from[right]!);
        if (!fromLeft) count += middle - left;
        to[next] = fromLeft ? from[left++]! : from[right++]!;
      }
    }
    [from, to] = [to, from];
  }
  return count;
}
