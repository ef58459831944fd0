import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aRoom, minute, noon } from '../../test/admission-builders.js';
import { estimatedWaitSeconds, pollAfterSeconds } from './wait.js';

describe('the estimate', () => {
  it('is the next tick for whoever fits into it', () => {
    expect(estimatedWaitSeconds(aRoom({ ratePerSecond: 0.01 }), 1000, noon)).toBe(5);
  });
  it('counts full ticks while nothing was measured', () => {
    expect(estimatedWaitSeconds(aRoom(), 2001, noon)).toBe(15);
  });
  it('follows the measured rate where that is slower', () => {
    expect(estimatedWaitSeconds(aRoom({ ratePerSecond: 10 }), 2001, noon)).toBe(201);
  });
  it('begins when sales open', () => {
    expect(estimatedWaitSeconds(aRoom({ salesOpenAt: '2030-01-01T12:01:00.000Z' }), 1, noon)).toBe(65);
  });
  it('is unknown without a snapshot, and while the line does not move', () => {
    expect(estimatedWaitSeconds(undefined, 1, noon)).toBeNull();
    expect(estimatedWaitSeconds(aRoom({ mode: 'PAUSED' }), 1, noon)).toBeNull();
  });
});

describe('when to ask again', () => {
  const poll = (position: number | null, ttlSeconds = 600, chance = 0) =>
    pollAfterSeconds({ room: aRoom(), position, now: noon, ttlSeconds }, chance);

  it('grows with the wait, from 2 to 120 seconds', () => {
    expect([1, 4_000, 20_000, 1_000_000].map((position) => poll(position))).toEqual([2, 2, 10, 120]);
  });
  it('is spread by a third', () => {
    expect([poll(20_000, 600, 0), poll(20_000, 600, 0.999)]).toEqual([10, 13]);
  });
  it('leaves three tries within the life of a token, whatever the wait', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 10_000_000 })),
        fc.integer({ min: 4, max: 3600 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (position, ttl, chance) => {
          const seconds = poll(position, ttl, chance);
          expect(seconds).toBeGreaterThanOrEqual(1);
          expect(seconds).toBeLessThanOrEqual(Math.min(120, ttl / 4));
        },
      ),
    );
  });
});

describe("the database's time", () => {
  it('is the snapshot’s, plus what has passed since it came, less a thousandth', () => {
    expect(aRoom().now(1500.7)).toBe(noon + 1499);
  });
  it('is stale after three ticks without a snapshot, but never before three quiet ones', () => {
    expect([aRoom().isStale(15_000), aRoom().isStale(15_001)]).toEqual([false, true]);
    expect(aRoom({ tickMs: 50 }).isStale(15_000)).toBe(false);
    expect(aRoom({ tickMs: minute }).isStale(3 * minute)).toBe(false);
  });
});
