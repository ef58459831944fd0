import { type concert, queue } from '#contracts';
import { type Place, tokenNumberOf } from '../domain/place.js';
import type { WaitingRoom } from '../domain/waiting-room.js';

/** The answer to a join: all that a gateway signs and shows. */
export function placeBody(
  { place, created }: { place: Place; created: boolean },
  { classes }: Pick<WaitingRoom, 'classes'>,
): queue.Place {
  const { concertId, generation, tokenId, userId, issuedAt, leaseUntil, activeUntil } = place;
  return {
    concertId,
    generation,
    queueNumber: tokenNumberOf(place),
    tokenId,
    userId,
    status: place.status === 'ACTIVE' ? 'ACTIVE' : 'WAITING',
    issuedAt: issuedAt.toISOString(),
    leaseUntil: leaseUntil.toISOString(),
    activeUntil: activeUntil?.toISOString() ?? null,
    created,
    admissionClass: classes.find(({ index }) => index === queue.classOf(place.queueNumber))?.name ?? queue.everybody,
  };
}

/** A concert whose dates are still to come, as the public catalogue shows it. */
export function concertBody(details: concert.ConcertDetails): Record<string, unknown> {
  const { concertId, title, artist, venue, timeZone, salesOpenAt, salesCloseAt } = details;
  return { concertId, title, artist, venue, timeZone, salesOpenAt, salesCloseAt, dates: [] };
}
