import type { PlaceReference } from '#contracts';
import { raiseLease } from './join.js';
import type { Line } from './line.js';
import { canMove, type Place } from './place.js';
import { after, earlierOf, leaseMs, type QueueRules, renewalSkewMs } from './rules.js';

/**
 * The visitor was seen. Only a waiting place whose lease has not passed is renewed: a dead one is dead for everybody, and
 * a pass ends when it ends. However far ahead a gateway's clock is, a lease never reaches further than one that begins now.
 */
export function renew(line: Line, reference: PlaceReference, leaseUntil: Date, rules: QueueRules): void {
  const place = named(line, reference);
  if (!place || place.status !== 'WAITING' || !line.isLive(place)) return;
  raiseLease(line, place, earlierOf(leaseUntil, after(line.now, leaseMs(rules) + renewalSkewMs)));
}

/** The visitor was seen with the pass: the first time counts, while the pass runs. */
export function noteArrival(line: Line, reference: PlaceReference, estimatedAt: Date | null): void {
  const place = named(line, reference);
  if (place?.status !== 'ACTIVE' || place.arrivedAt !== null || !line.isLive(place)) return;
  place.arrivedAt = line.now;
  place.estimatedAt = estimatedAt;
  line.arrived += 1;
  line.touch(place);
}

/** The visitor gives the place up; one that is over already stays as it is. */
export function leave(line: Line, reference: PlaceReference): void {
  const place = named(line, reference);
  if (place && line.isLive(place)) line.finish(place, 'LEFT');
}

/**
 * A payment spent the token. Also one whose pass has ended since: a late payment must not spend it twice. A number that
 * was passed over never had a pass, so nothing is spent.
 */
export function spend(line: Line, reference: PlaceReference): void {
  const place = named(line, reference);
  if (!place || !canMove(place.status, 'SPENT')) return;
  if (place.status === 'EXPIRED' && place.activatedAt === null) return;
  line.finish(place, 'SPENT');
}

/**
 * Unknown, purged and old-generation places are nobody's any more. The token alone names a place: whoever registered goes on
 * naming the registration, whatever number was drawn since.
 */
function named(line: Line, { tokenId, generation }: PlaceReference): Place | undefined {
  const place = line.placeByToken(tokenId);
  return place?.generation === generation && generation === line.room.generation ? place : undefined;
}
