import { LRUCache } from 'lru-cache';

const PLACES_KEPT_MAX = 200_000;

/**
 * The lowest position that this replica has shown of a place. A token carries the last one it was shown with; an earlier token,
 * or joining again without one, does not, and a position counted anew may be higher: where buckets hold several numbers it is
 * no more than a bound, and after an outage the dead live again.
 */
export class ShownPositions {
  private readonly lowest = new LRUCache<string, number>({ max: PLACES_KEPT_MAX });

  /** The lower of what was shown here and what the token says; null when neither is known. */
  of({ tokenId, shownPosition }: { readonly tokenId: string; readonly shownPosition: number | null }): number | null {
    const here = this.lowest.get(tokenId);
    if (here === undefined) return shownPosition;
    return shownPosition === null ? here : Math.min(here, shownPosition);
  }

  /** Called with positions that are no higher than `of` said. */
  remember(tokenId: string, position: number | null): void {
    if (position !== null) this.lowest.set(tokenId, position);
  }
}
