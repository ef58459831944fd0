import { queue, type Rejection } from '#contracts';
import { letInAtOnce, passesAtOnce } from './instant.js';
import type { Line } from './line.js';
import type { Place } from './place.js';
import { after, laterOf, leaseMs, type QueueRules } from './rules.js';
import {
  admitsNewcomers,
  isBeforeSale,
  isRegistering,
  isSoldOut,
  type Numbers,
  type WaitingRoom,
} from './waiting-room.js';

export type Joined = { readonly place: Place; readonly created: boolean } | { readonly refused: Rejection };

export interface Joining {
  readonly userId: string;
  readonly tokenId: string;
  /** Of a class's code, for whoever has one. */
  readonly codeHash?: string | undefined;
}

/**
 * Gives the user the place they have, seen just now, or the next number; before the sale opens, the next registration. A place past its time counts as gone. Whoever has
 * a pass keeps it in every mode; who waits is shown the place in every mode but CLOSED, in which waiting tokens are refused.
 * Nobody new comes in while every seat is sold or blocked. Without a crowd the next number need not wait. Whoever waits and comes
 * with the code of another class gives the place up for one there, as long as newcomers are let in.
 */
export function join(line: Line, { userId, tokenId, codeHash }: Joining, rules: QueueRules): Joined {
  const wanted = codeHash === undefined ? line.room : line.room.classes.find((one) => one.codeHash === codeHash);
  if (!wanted) return { refused: noSuchCode };
  const had = line.placeOf(userId);
  if (had && line.isLive(had) && !moves(line, had, codeHash === undefined ? null : wanted)) {
    if (had.status === 'WAITING' && line.room.mode === 'CLOSED') return { refused: closed(line, 'CLOSED') };
    if (had.status === 'WAITING') raiseLease(line, had, after(line.now, leaseMs(rules)));
    return { place: had, created: false };
  }
  if (!admitsNewcomers(line.room.mode)) return { refused: closed(line, line.room.mode) };
  if (isSoldOut(line.room)) return { refused: closed(line, 'SOLD_OUT') };
  if (had) line.finish(had, line.isLive(had) ? 'LEFT' : 'EXPIRED');
  const atOnce = passesAtOnce(line, wanted);
  const place = takePlace(line, wanted, { userId, tokenId }, rules);
  if (atOnce) letInAtOnce(line, place, rules);
  return { place, created: true };
}

/** A lease only ever grows. */
export function raiseLease(line: Line, place: Place, until: Date): void {
  if (until <= place.leaseUntil) return;
  place.leaseUntil = laterOf(place.leaseUntil, until);
  line.touch(place);
}

function moves({ room }: Line, { status, queueNumber }: Place, wanted: Numbers | null): boolean {
  if (wanted === null || status !== 'WAITING' || queue.classOf(queueNumber) === wanted.index) return false;
  return admitsNewcomers(room.mode) && !isSoldOut(room);
}

/**
 * Numbers are dense in their class and never given twice in a generation: the room's row is locked until the place is
 * committed. Only everybody's are drawn: a class goes by the order of joining from the start.
 */
function takePlace(line: Line, numbers: Numbers, { userId, tokenId }: Joining, rules: QueueRules): Place {
  const registers = numbers.index === 0 && isRegistering(line.room);
  const registration = registers ? (line.room.registered += 1) : null;
  const queueNumber = registration === null ? (numbers.lastNumber += 1) : -registration;
  const place: Place = {
    concertId: line.room.concertId,
    generation: line.room.generation,
    queueNumber,
    registration,
    tokenId,
    userId,
    issuedAt: line.now,
    status: 'WAITING',
    leaseUntil: after(line.now, leaseMs(rules)),
    activatedAt: null,
    activeUntil: null,
    arrivedAt: null,
    estimatedAt: null,
    finishedAt: null,
  };
  line.add(place);
  return place;
}

const noSuchCode: Rejection = {
  code: 'INVALID_REQUEST',
  detail: 'The code is not valid.',
  members: { errors: [{ path: 'code', message: 'must be a code of this waiting room' }] },
};

function closed({ room, now }: Line, reason: WaitingRoom['mode'] | 'SOLD_OUT'): Rejection {
  const opensAt = isBeforeSale(room, now) ? room.salesOpenAt!.toISOString() : null;
  return {
    code: 'QUEUE_CLOSED',
    detail: reason === 'SOLD_OUT' ? 'There is no seat left.' : 'The waiting room takes nobody in.',
    members: { reason, opensAt },
  };
}
