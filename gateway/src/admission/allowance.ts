import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
/** Some 15 MB when full. Past it the ones longest unseen are forgotten: they start afresh, and memory stays what it is. */
const KEYS_KEPT_MAX = 100_000;

/**
 * So many a minute for each key, all at once if need be; what is taken comes back evenly. (A leaky bucket as one number a
 * key, known as GCRA.)
 */
export class Allowance {
  /** When the key has its whole allowance again. */
  private readonly wholeAt = new LRUCache<string, number>({ max: KEYS_KEPT_MAX });
  private readonly intervalMs: number;

  constructor(perMinute: number) {
    this.intervalMs = MINUTE_MS / perMinute;
  }

  /** Takes one and answers 0; or takes none and answers in how many ms there is one. `now` by any clock that never goes back, ms. */
  take(key: string, now: number): number {
    const wholeAt = Math.max(now, this.wholeAt.get(key) ?? 0) + this.intervalMs;
    const wait = Math.floor(wholeAt - now - MINUTE_MS);
    if (wait > 0) return wait;
    this.wholeAt.set(key, wholeAt);
    return 0;
  }

  /** How many keys it remembers. */
  get size(): number {
    return this.wholeAt.size;
  }
}
