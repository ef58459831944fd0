import { Injectable, Logger } from '@nestjs/common';
import { queue } from '#contracts';
import { CommandBus, Overloaded } from '#messaging';
import { LRUCache } from 'lru-cache';
import type { TokenFacts } from './queue-token.js';
import { placeOf } from './standing.js';

const NOTED_KEPT_MAX = 200_000;

/** Tells the queue service, once for each pass and replica, that its owner came. Figures alone hang on it: nobody waits for it. */
@Injectable()
export class Arrivals {
  private readonly logger = new Logger(Arrivals.name);
  private readonly noted = new LRUCache<string, true>({ max: NOTED_KEPT_MAX });

  constructor(private readonly bus: CommandBus) {}

  note(facts: TokenFacts): void {
    const { tokenId, estimatedAt } = facts;
    if (this.noted.has(tokenId)) return;
    this.noted.set(tokenId, true);
    const told = estimatedAt === null ? null : new Date(estimatedAt).toISOString();
    this.bus.tell(queue.noteArrival, { ...placeOf(facts), estimatedAt: told }).catch((error: unknown) => {
      // The next request with the pass tells it again.
      this.noted.delete(tokenId);
      if (!(error instanceof Overloaded)) this.logger.error(error);
    });
  }
}
