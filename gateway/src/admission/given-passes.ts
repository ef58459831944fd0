import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const PASSES_KEPT_MAX = 100_000;
/** Long after the snapshots of every replica show it. */
const KEPT_MS = 60 * 60 * 1000;

/** Passes that this replica answered a join with: they count at once, before any snapshot shows the number. */
@Injectable()
export class GivenPasses {
  private readonly ends = new LRUCache<string, number>({ max: PASSES_KEPT_MAX, ttl: KEPT_MS });

  /** `until`: end of the pass, ms since 1970. */
  add(tokenId: string, until: number): void {
    this.ends.set(tokenId, until);
  }

  of(tokenId: string): number | undefined {
    return this.ends.get(tokenId);
  }
}
