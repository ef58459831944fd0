import { describe, expect, it } from '@jest/globals';
import { noon, secondsAfter } from '../../test/line.builders.js';
import { type FunnelCount, funnelOf, stepFactor } from './funnel.js';

const stepOf = (seconds: number | null) =>
  seconds === null ? null : Math.floor(Math.log(seconds) / Math.log(stepFactor));
const count = (
  outcome: FunnelCount['outcome'],
  places: number,
  wait: number | null = null,
  hour = noon,
  error: number | null = null,
): FunnelCount => ({ hour, outcome, waitStep: stepOf(wait), errorStep: stepOf(error), places });

describe('the funnel', () => {
  it('adds up what became of those who joined in an hour, the newest hour first', () => {
    const later = secondsAfter(noon, 3_600);
    const counts = [
      count('PAID', 4, 60),
      count('UNPAID', 3, 60),
      count('ACTIVE', 2, 700),
      count('NO_SHOW', 8, 60),
      count('LEFT', 5),
      count('LAPSED', 6),
      count('PAID', 1, 90),
      count('WAITING', 7, null, later),
    ];
    const [newest, first] = funnelOf(counts);
    expect(newest).toMatchObject({
      hour: later.toISOString(),
      joined: 7,
      waiting: 7,
      admitted: 0,
      waitP50Seconds: null,
    });
    const admitted = { admitted: 18, active: 2, noShow: 8, unpaid: 3, paid: 5 };
    expect(first).toMatchObject({ hour: noon.toISOString(), joined: 29, waiting: 0, left: 5, lapsed: 6, ...admitted });
  });

  it('knows waits to a tenth, whatever the order in which they come', () => {
    const [funnel] = funnelOf([count('PAID', 2, 3_000), count('UNPAID', 5, 20), count('PAID', 3, 100)]);
    expect(funnel!.waitP50Seconds).toBeGreaterThanOrEqual(20);
    expect(funnel!.waitP50Seconds).toBeLessThanOrEqual(22);
    expect(funnel!.waitP90Seconds).toBeGreaterThanOrEqual(3_000);
    expect(funnel!.waitP90Seconds).toBeLessThanOrEqual(3_300);
  });

  it('knows how far estimates were off, of those who came', () => {
    const [funnel] = funnelOf([
      count('PAID', 5, 60, noon, 10),
      count('UNPAID', 4, 60, noon, 40),
      count('NO_SHOW', 90, 60),
      count('PAID', 1, 60, noon, 200),
    ]);
    const { estimateErrorP50Seconds: half, estimateErrorP90Seconds: most } = funnel!;
    expect([half! >= 10 && half! <= 11, most! >= 40 && most! <= 44]).toEqual([true, true]);
    expect(funnelOf([count('NO_SHOW', 1, 60)])[0]!.estimateErrorP50Seconds).toBeNull();
  });
});
