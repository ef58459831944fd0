import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const PLACES_KEPT_MAX = 100_000;
/** Long after the snapshots of every replica show it. */
const KEPT_MS = 60 * 60 * 1000;

/** Places that this replica itself saw spent or left: it refuses them at once, before any snapshot says so. */
@Injectable()
export class EndedPlaces {
  private readonly ended = new LRUCache<string, 'SPENT' | 'LEFT'>({ max: PLACES_KEPT_MAX, ttl: KEPT_MS });

  add(tokenId: string, how: 'SPENT' | 'LEFT'): void {
    this.ended.set(tokenId, how);
  }

  of(tokenId: string): 'SPENT' | 'LEFT' | undefined {
    return this.ended.get(tokenId);
  }
}
