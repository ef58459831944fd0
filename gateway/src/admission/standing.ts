import type { PlaceReference } from '#contracts';
import type { TokenFacts } from './queue-token.js';
import type { Room } from './room.js';
import type { Verdict } from './verdict.js';

/** A caller whose queue token was accepted: the place, and what it may do now. */
export interface Standing {
  /** As it came in the header. */
  readonly token: string;
  readonly facts: TokenFacts;
  readonly place: PlaceReference;
  readonly room: Room | undefined;
  readonly verdict: Extract<Verdict, { status: 'ACTIVE' | 'WAITING' }>;
}

/** What names the place, of anything that does. */
export function placeOf(facts: PlaceReference): PlaceReference {
  const { concertId, generation, queueNumber, tokenId } = facts;
  return { concertId, generation, queueNumber, tokenId };
}
