import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aRoom, aSnapshot, minute, noon } from '../../test/admission-builders.js';
import { Room } from './room.js';
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
  it('follows the measured rate too where the cap leaves no room, and is unknown where nothing was measured', () => {
    const full = { maxActive: 10, activeCount: 8 };
    expect(estimatedWaitSeconds(aRoom({ ...full, ratePerSecond: 0.5 }), 20, noon)).toBe(40);
    expect(estimatedWaitSeconds(aRoom(full), 3, noon)).toBeNull();
    expect(estimatedWaitSeconds(aRoom(full), 2, noon)).toBe(5);
    expect(estimatedWaitSeconds(aRoom({ maxActive: 10, activeCount: 12 }), 1, noon)).toBeNull();
  });
  it('begins when sales open', () => {
    expect(estimatedWaitSeconds(aRoom({ salesOpenAt: '2030-01-01T12:01:00.000Z' }), 1, noon)).toBe(65);
  });
  it('is unknown without a snapshot or a position, and while the line does not move', () => {
    expect(estimatedWaitSeconds(undefined, 1, noon)).toBeNull();
    expect(estimatedWaitSeconds(aRoom(), null, noon)).toBeNull();
    expect(estimatedWaitSeconds(aRoom({ mode: 'PAUSED' }), 1, noon)).toBeNull();
    expect(estimatedWaitSeconds(aRoom({ mode: 'CLOSED' }), 1, noon)).toBeNull();
  });

  describe('of a line whose passes are all taken', () => {
    const full = (fields: Parameters<typeof aRoom>[0] = {}) =>
      new Room(aSnapshot({ tickNumber: 2, ...fields }), 0, aRoom());

    it('is unknown while nobody was let in for a minute', () => {
      expect([full().standsStill, estimatedWaitSeconds(full(), 1, noon)]).toEqual([true, null]);
    });
    it('follows the rate at which passes end, also for whom the next tick would take', () => {
      expect(estimatedWaitSeconds(full({ ratePerSecond: 0.1 }), 2, noon)).toBe(20);
    });
    it('is known again when the line has moved', () => {
      const moved = new Room(aSnapshot({ tickNumber: 3, servingNumber: 1 }), 0, full());
      expect(estimatedWaitSeconds(moved, 1, noon)).toBe(5);
    });
    it('is told from one in which nobody waited, is paused, not yet open, or has had no tick since', () => {
      const empty = new Room(aSnapshot({ tickNumber: 2 }), 0, aRoom({}, { live: [] }));
      const paused = new Room(aSnapshot({ tickNumber: 2 }), 0, aRoom({ mode: 'PAUSED' }));
      const early = new Room(aSnapshot({ tickNumber: 2 }), 0, aRoom({ salesOpenAt: '2030-01-01T12:00:01.000Z' }));
      const unticked = new Room(aSnapshot({ version: 2 }), 0, aRoom());
      const reset = new Room(aSnapshot({ generation: 2, tickNumber: 2 }), 0, full());
      for (const room of [empty, paused, early, unticked, reset]) expect(room.standsStill).toBe(false);
    });
    it('stays so until a tick tells otherwise', () => {
      expect(new Room(aSnapshot({ version: 3, tickNumber: 2 }), 0, full()).standsStill).toBe(true);
    });
  });
});

describe('when to ask again', () => {
  const poll = (position: number | null, tokenSeconds = 600, chance = 0) =>
    pollAfterSeconds({ room: aRoom(), position, now: noon, tokenSeconds }, chance);

  it('grows with the wait, from 2 to 120 seconds', () => {
    expect([1, 4_000, 20_000, 100_000, 1_000_000].map((position) => poll(position))).toEqual([2, 2, 10, 50, 92]);
    expect(poll(1_000_000, 600, 0.999)).toBe(120);
  });
  it('never shrinks as the wait grows', () => {
    fc.assert(
      fc.property(fc.nat(5_000_000), fc.nat(5_000_000), (one, other) => {
        const [near, far] = [Math.min(one, other) + 1, Math.max(one, other) + 1];
        expect(poll(near)).toBeLessThanOrEqual(poll(far));
      }),
    );
  });
  it('is spread by a third, at the very end of the longest line too', () => {
    for (const [position, lowest, highest] of [
      [20_000, 10, 13],
      [10_000_000, 92, 120],
      [null, 10, 13],
    ] as const) {
      expect([poll(position, 600, 0), poll(position, 600, 0.999)]).toEqual([lowest, highest]);
    }
  });
  it('is soon when the token could be renewed for a short while only', () => {
    expect(poll(1_000_000, 40, 0.999)).toBe(10);
    expect(poll(1_000_000, 0)).toBe(1);
  });
  it('leaves three tries within the life of a token, whatever the wait', () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 10_000_000 })),
        fc.integer({ min: 4, max: 3600 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (position, left, chance) => {
          const seconds = poll(position, left, chance);
          expect(seconds).toBeGreaterThanOrEqual(1);
          expect(seconds).toBeLessThanOrEqual(Math.min(120, left / 4));
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
