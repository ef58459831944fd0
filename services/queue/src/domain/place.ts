import type { queue } from '#contracts';

/** SPENT, LEFT and EXPIRED are finished; an ACTIVE place past its end is over as well, without being marked. */
export type PlaceStatus = queue.Place['status'] | 'SPENT' | 'LEFT' | 'EXPIRED';

/** One row of a line: a queue number, whose it is and what became of it. */
export interface Place {
  readonly concertId: string;
  readonly generation: number;
  /** Negative until the draw is done for it: minus the registration. */
  readonly queueNumber: number;
  /** Which one it was in the pre-queue, from 1 on; null for who joined later. */
  readonly registration: number | null;
  readonly tokenId: string;
  readonly userId: string;
  readonly issuedAt: Date;
  status: PlaceStatus;
  /** While WAITING: no signed token of this place ends after it. */
  leaseUntil: Date;
  activatedAt: Date | null;
  activeUntil: Date | null;
  /** When the visitor was first seen with the pass. */
  arrivedAt: Date | null;
  /** When the turn would come, as the visitor was told first. */
  estimatedAt: Date | null;
  finishedAt: Date | null;
}

/**
 * Every move a place can make. EXPIRED → SPENT: a payment within the hold's time after the pass ended, when the user had
 * already drawn a new number.
 */
const moves: Readonly<Record<PlaceStatus, readonly PlaceStatus[]>> = {
  WAITING: ['ACTIVE', 'SPENT', 'LEFT', 'EXPIRED'],
  ACTIVE: ['SPENT', 'LEFT', 'EXPIRED'],
  EXPIRED: ['SPENT'],
  SPENT: [],
  LEFT: [],
};

export class IllegalMove extends Error {}

export function canMove(from: PlaceStatus, to: PlaceStatus): boolean {
  return moves[from].includes(to);
}

/** @throws IllegalMove */
function move(place: Place, to: PlaceStatus): void {
  if (!canMove(place.status, to)) throw new IllegalMove(`place ${place.queueNumber} from ${place.status} to ${to}`);
  place.status = to;
}

/** The pass begins: it ends at `until` whatever is renewed. */
export function activate(place: Place, now: Date, until: Date): void {
  move(place, 'ACTIVE');
  place.activatedAt = now;
  place.activeUntil = until;
}

/** The place is over. @throws IllegalMove */
export function finish(place: Place, how: 'SPENT' | 'LEFT' | 'EXPIRED', now: Date): void {
  move(place, how);
  place.finishedAt = now;
}

/**
 * Whether the place still counts. A waiting one lives while its lease is after `deadLine`, which is now, or the beginning
 * of an outage whose time of grace is running (`deadLineOf`).
 */
export function isLive(place: Place, now: Date, deadLine: Date): boolean {
  if (place.status === 'WAITING') return place.leaseUntil > deadLine;
  return place.status === 'ACTIVE' && place.activeUntil !== null && place.activeUntil > now;
}

/** What the place's token says of it: a registration's negative, also once it has drawn its number, and else the number. */
export function tokenNumberOf({ registration, queueNumber }: Pick<Place, 'registration' | 'queueNumber'>): number {
  return registration === null ? queueNumber : -registration;
}
