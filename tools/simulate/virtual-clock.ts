import type { Chance } from './chance.js';

/** Where the sun stands still: nothing but the simulation moves it. */
export class VirtualClock {
  /** The queue database's time, ms since 1970. */
  now = Date.parse('2030-01-01T12:00:00.000Z');
  /** What `performance.now()` says to the process that is at work just now. */
  monotonic = 0;

  /** While `work` goes on, the code under it reads this clock and draws from this chance. */
  async during<Result>(chance: Chance, work: () => Promise<Result>): Promise<Result> {
    const { now } = performance;
    const { random } = Math;
    performance.now = () => this.monotonic;
    Math.random = () => chance.fraction();
    try {
      return await work();
    } finally {
      performance.now = now;
      Math.random = random;
    }
  }
}
