import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Allowance } from './allowance.js';

describe('an allowance', () => {
  it('is so many at once and as many a minute, and says when there is one more', () => {
    const allowance = new Allowance(30);
    for (let taken = 0; taken < 30; taken += 1) expect(allowance.take('ann', 1_000)).toBe(0);
    expect(allowance.take('ann', 1_000)).toBe(2_000);
    expect(allowance.take('ann', 2_999)).toBe(1);
    expect(allowance.take('ann', 3_000)).toBe(0);
    expect(allowance.take('ann', 3_000)).toBe(2_000);
    for (let taken = 0; taken < 30; taken += 1) expect(allowance.take('ann', 100_000)).toBe(0);
  });

  it('of one is not that of another', () => {
    const allowance = new Allowance(1);
    expect([allowance.take('ann', 0), allowance.take('bob', 0)]).toEqual([0, 0]);
    expect(allowance.take('ann', 0)).toBe(60_000);
  });

  it('gives no key more than twice its measure in any minute, and who waits as told is never refused', () => {
    const steps = fc.array(fc.nat(5_000), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), steps, (perMinute, pauses) => {
        const allowance = new Allowance(perMinute);
        const takenAt: number[] = [];
        let now = 0;
        for (const pause of pauses) {
          now += pause;
          const wait = allowance.take('ann', now);
          if (wait > 0) {
            now += wait;
            expect(allowance.take('ann', now)).toBe(0);
          }
          takenAt.push(now);
          expect(takenAt.filter((at) => at > now - 60_000).length).toBeLessThanOrEqual(2 * perMinute);
        }
      }),
    );
  });

  it('forgets rather than grows, under millions of addresses', () => {
    const allowance = new Allowance(1);
    for (let address = 0; address < 300_000; address += 1) allowance.take(String(address), 0);
    expect(allowance.size).toBe(100_000);
    expect(allowance.take('299999', 0)).toBe(60_000);
  });
});
