import type { concert } from '#contracts';

/** WAITING is held and unpaid; PAYING is taken by a payment; the others say what became of it. */
export const reservationStatuses = ['WAITING', 'PAYING', 'CONFIRMED', 'EXPIRED', 'CANCELLING', 'CANCELLED'] as const;
export type ReservationStatus = (typeof reservationStatuses)[number];

export interface Reservation {
  readonly reservationId: string;
  readonly userId: string;
  readonly status: ReservationStatus;
  readonly concertId: string;
  readonly title: string;
  readonly venue: string | null;
  readonly scheduleId: string;
  readonly startsAt: Date;
  readonly timeZone: string;
  readonly seats: readonly concert.HeldSeat[];
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  /**
   * The end of the hold as it was given. A payment extends the hold in the concert service, never this: a refused payment
   * finds the original end here.
   */
  readonly expiresAt: Date;
  readonly createdAt: Date;
  /** The latest attempt to pay, whatever became of it. */
  readonly paymentId: string | null;
  readonly paidAt: Date | null;
  readonly cancelledAt: Date | null;
  /** Minor units. */
  readonly refundedAmount: bigint;
}

/** Every move a reservation can make. */
export const reservationTransitions: Readonly<Record<ReservationStatus, readonly ReservationStatus[]>> = {
  WAITING: ['PAYING', 'EXPIRED', 'CANCELLED'],
  PAYING: ['WAITING', 'CONFIRMED', 'EXPIRED'],
  CONFIRMED: ['CANCELLING'],
  CANCELLING: ['CANCELLED'],
  EXPIRED: [],
  CANCELLED: [],
};

/** A move that the transition table does not know: a bug, never a business "no". */
export class ImpossibleMove extends Error {}

function move(reservation: Reservation, to: ReservationStatus, changes: Partial<Reservation> = {}): Reservation {
  if (!reservationTransitions[reservation.status].includes(to)) {
    throw new ImpossibleMove(`reservation ${reservation.reservationId} cannot go from ${reservation.status} to ${to}`);
  }
  return { ...reservation, ...changes, status: to };
}

/** The reservation that a hold makes; its facts are the hold's. */
export function reserve(held: concert.SeatsHeld): Reservation {
  return {
    reservationId: held.reservationId,
    userId: held.userId,
    status: 'WAITING',
    concertId: held.concertId,
    title: held.title,
    venue: held.venue,
    scheduleId: held.scheduleId,
    startsAt: new Date(held.startsAt),
    timeZone: held.timeZone,
    seats: held.seats,
    amount: BigInt(held.amount),
    currency: held.currency,
    expiresAt: new Date(held.heldUntil),
    createdAt: new Date(held.heldAt),
    paymentId: null,
    paidAt: null,
    cancelledAt: null,
    refundedAmount: 0n,
  };
}

/** The semantic lock of a payment: the sweep and the user's cancel leave a PAYING reservation alone. */
export const takeForPayment = (reservation: Reservation, paymentId: string): Reservation =>
  move(reservation, 'PAYING', { paymentId });

export const confirm = (reservation: Reservation, paidAt: Date): Reservation =>
  move(reservation, 'CONFIRMED', { paidAt });

export const expire = (reservation: Reservation): Reservation => move(reservation, 'EXPIRED');

/** A refused payment gives the reservation back: WAITING with the original end, or EXPIRED when that has passed. */
export const giveBack = (reservation: Reservation, now: Date): Reservation =>
  now < reservation.expiresAt ? move(reservation, 'WAITING') : expire(reservation);

export const cancelUnpaid = (reservation: Reservation, now: Date): Reservation =>
  move(reservation, 'CANCELLED', { cancelledAt: now });

export const beginCancelling = (reservation: Reservation): Reservation => move(reservation, 'CANCELLING');

export const finishCancelling = (reservation: Reservation, now: Date): Reservation =>
  move(reservation, 'CANCELLED', { cancelledAt: now });

/** True when the hold's time is over and nobody has taken the reservation. */
export const isPastItsEnd = (reservation: Reservation, now: Date): boolean =>
  reservation.status === 'WAITING' && now >= reservation.expiresAt;

/** The status as everybody sees it: a WAITING reservation past its end reads EXPIRED, swept or not. */
export const shownStatus = (reservation: Reservation, now: Date): ReservationStatus =>
  isPastItsEnd(reservation, now) ? 'EXPIRED' : reservation.status;
