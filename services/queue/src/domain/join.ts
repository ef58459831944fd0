import type { Rejection } from '#contracts';
import type { Line } from './line.js';
import type { Place } from './place.js';
import { after, laterOf, leaseMs, type QueueRules } from './rules.js';
import { admitsNewcomers } from './waiting-room.js';

export type Joined = { readonly place: Place; readonly created: boolean } | { readonly refused: Rejection };

/**
 * Gives the user the place they have, seen just now, or the next number. A place past its time counts as gone. Whoever has
 * a place keeps it in every mode.
 */
export function join(line: Line, { userId, tokenId }: { userId: string; tokenId: string }, rules: QueueRules): Joined {
  const had = line.placeOf(userId);
  if (had && line.isLive(had)) {
    if (had.status === 'WAITING') raiseLease(line, had, after(line.now, leaseMs(rules)));
    return { place: had, created: false };
  }
  if (!admitsNewcomers(line.room.mode)) return { refused: closed(line) };
  if (had) line.finish(had, 'EXPIRED');
  return { place: drawNumber(line, userId, tokenId, rules), created: true };
}

/** A lease only ever grows. */
export function raiseLease(line: Line, place: Place, until: Date): void {
  if (until <= place.leaseUntil) return;
  place.leaseUntil = laterOf(place.leaseUntil, until);
  line.touch(place);
}

/** Numbers are dense and never drawn twice in a generation: the room's row is locked until the drawing is committed. */
function drawNumber(line: Line, userId: string, tokenId: string, rules: QueueRules): Place {
  line.room.lastNumber += 1;
  const place: Place = {
    concertId: line.room.concertId,
    generation: line.room.generation,
    queueNumber: line.room.lastNumber,
    tokenId,
    userId,
    issuedAt: line.now,
    status: 'WAITING',
    leaseUntil: after(line.now, leaseMs(rules)),
    activatedAt: null,
    activeUntil: null,
    finishedAt: null,
  };
  line.add(place);
  return place;
}

function closed({ room, now }: Line): Rejection {
  const opensAt = room.salesOpenAt !== null && room.salesOpenAt > now ? room.salesOpenAt.toISOString() : null;
  return {
    code: 'QUEUE_CLOSED',
    detail: 'The waiting room takes nobody in.',
    members: { reason: room.mode, opensAt },
  };
}
