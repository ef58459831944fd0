/** What became of a place; WAITING and ACTIVE ones may still become another thing. */
export type FunnelOutcome = 'WAITING' | 'LEFT' | 'LAPSED' | 'ACTIVE' | 'NO_SHOW' | 'UNPAID' | 'PAID';

/** So many places of those who joined in an hour. */
export interface FunnelCount {
  readonly hour: Date;
  readonly outcome: FunnelOutcome;
  /** Which step of `stepFactor` the wait until the pass took; null without a pass. */
  readonly waitStep: number | null;
  /** Which step the first estimate of the wait was wrong by; null where none was told, or nobody came. */
  readonly errorStep: number | null;
  readonly places: number;
}

/** What became of those who joined in an hour: `GET …/queue/funnel` of the public API. */
export interface FunnelBody {
  readonly hour: string;
  readonly joined: number;
  readonly waiting: number;
  readonly left: number;
  readonly lapsed: number;
  readonly admitted: number;
  readonly active: number;
  /** Were not seen once their turn had come. */
  readonly noShow: number;
  readonly unpaid: number;
  readonly paid: number;
  /** Of those admitted; null when there are none. */
  readonly waitP50Seconds: number | null;
  readonly waitP90Seconds: number | null;
  /** By how much the first estimate was wrong, either way; null when there is none. */
  readonly estimateErrorP50Seconds: number | null;
  readonly estimateErrorP90Seconds: number | null;
}

/** Times are kept in steps that grow by so much, from one second on: a percentile is right to a tenth. */
export const stepFactor = 1.1;

/** Counts of any hours as a body for each, the newest hour first. */
export function funnelOf(counts: readonly FunnelCount[]): FunnelBody[] {
  const byHour = Map.groupBy(counts, ({ hour }) => hour.getTime());
  return [...byHour].sort(([one], [other]) => other - one).map(([hour, ofHour]) => bodyOf(new Date(hour), ofHour));
}

function bodyOf(hour: Date, counts: readonly FunnelCount[]): FunnelBody {
  const sum = (...outcomes: FunnelOutcome[]) =>
    counts.reduce((all, { outcome, places }) => (outcomes.includes(outcome) ? all + places : all), 0);
  const stepped = (step: 'waitStep' | 'errorStep') =>
    counts
      .flatMap(({ places, [step]: at }) => (at === null ? [] : [{ places, step: at }]))
      .sort((one, other) => one.step - other.step);
  const [waits, errors] = [stepped('waitStep'), stepped('errorStep')];
  return {
    hour: hour.toISOString(),
    joined: counts.reduce((all, { places }) => all + places, 0),
    waiting: sum('WAITING'),
    left: sum('LEFT'),
    lapsed: sum('LAPSED'),
    admitted: sum('ACTIVE', 'NO_SHOW', 'UNPAID', 'PAID'),
    active: sum('ACTIVE'),
    noShow: sum('NO_SHOW'),
    unpaid: sum('UNPAID'),
    paid: sum('PAID'),
    waitP50Seconds: percentile(waits, 0.5),
    waitP90Seconds: percentile(waits, 0.9),
    estimateErrorP50Seconds: percentile(errors, 0.5),
    estimateErrorP90Seconds: percentile(errors, 0.9),
  };
}

/** The end of the first step with which so much of all times are over, s. */
function percentile(times: readonly { step: number; places: number }[], part: number): number | null {
  const needed = part * times.reduce((all, { places }) => all + places, 0);
  let over = 0;
  const found = times.find(({ places }) => (over += places) >= needed);
  return found ? Math.round(stepFactor ** (found.step + 1)) : null;
}
