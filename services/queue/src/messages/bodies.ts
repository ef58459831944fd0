import type { concert, queue } from '#contracts';
import type { Place } from '../domain/place.js';

/** The answer to a join: all that a gateway signs and shows. */
export function placeBody({ place, created }: { place: Place; created: boolean }): queue.Place {
  const { concertId, generation, queueNumber, tokenId, userId, issuedAt, leaseUntil, activeUntil } = place;
  return {
    concertId,
    generation,
    queueNumber,
    tokenId,
    userId,
    status: place.status === 'ACTIVE' ? 'ACTIVE' : 'WAITING',
    issuedAt: issuedAt.toISOString(),
    leaseUntil: leaseUntil.toISOString(),
    activeUntil: activeUntil?.toISOString() ?? null,
    created,
  };
}

/** A concert whose dates are still to come, as the public catalogue shows it. */
export function concertBody(details: concert.ConcertDetails): Record<string, unknown> {
  const { concertId, title, artist, venue, timeZone, salesOpenAt, salesCloseAt } = details;
  return { concertId, title, artist, venue, timeZone, salesOpenAt, salesCloseAt, dates: [] };
}
