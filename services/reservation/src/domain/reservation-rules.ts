import type { Rejection } from '#contracts';
import { isPastItsEnd, type Reservation } from './reservation.js';

/** A business rule: null allows, a rejection is the answer. */
export type Rule<Request> = (reservation: Reservation, request: Request, now: Date) => Rejection | null;

export interface PaymentRequest {
  /** The concert of the caller's queue token. */
  readonly tokenConcertId: string;
}

export const reservationNotFound: Rejection = {
  code: 'RESERVATION_NOT_FOUND',
  detail: 'There is no such reservation.',
};

/** Another user's reservation is as good as none. */
export function ownReservation(reservation: Reservation | undefined, userId: string): Reservation | undefined {
  return reservation?.userId === userId ? reservation : undefined;
}

export const tokenIsForThisConcert: Rule<PaymentRequest> = (reservation, { tokenConcertId }) =>
  reservation.concertId === tokenConcertId
    ? null
    : {
        code: 'INVALID_TOKEN',
        detail: 'The queue token belongs to another concert than the reservation.',
        members: { reason: 'INVALID' },
      };

export const noOtherPaymentRuns: Rule<PaymentRequest> = (reservation) =>
  reservation.status === 'PAYING'
    ? {
        code: 'PAYMENT_IN_PROGRESS',
        detail: 'Another payment of this reservation is running.',
        members: { paymentId: reservation.paymentId },
      }
    : null;

export const isNotCancelled: Rule<PaymentRequest> = (reservation) =>
  reservation.status === 'CANCELLED' || reservation.status === 'CANCELLING'
    ? { code: 'RESERVATION_NOT_PAYABLE', detail: 'The reservation is cancelled, or being cancelled.' }
    : null;

/** Said before any money moves, so it names no payment. */
export const holdHasNotEnded: Rule<PaymentRequest> = (reservation, _request, now) =>
  reservation.status === 'EXPIRED' || isPastItsEnd(reservation, now)
    ? { code: 'EXPIRED_RESERVATION', detail: 'The hold ended before the payment.', members: { paymentId: null } }
    : null;

/** In the order of their answers. A CONFIRMED reservation passes: it is answered with the payment it has. */
export const paymentRules: readonly Rule<PaymentRequest>[] = [
  tokenIsForThisConcert,
  noOtherPaymentRuns,
  isNotCancelled,
  holdHasNotEnded,
];

export const isNotBeingPaid: Rule<unknown> = (reservation) =>
  reservation.status === 'PAYING'
    ? { code: 'RESERVATION_NOT_CANCELLABLE', detail: 'The reservation is being paid.' }
    : null;

export const hasNotExpired: Rule<unknown> = (reservation, _request, now) =>
  reservation.status === 'EXPIRED' || isPastItsEnd(reservation, now)
    ? { code: 'RESERVATION_NOT_CANCELLABLE', detail: 'The reservation has expired.' }
    : null;

/** Cancelling twice is allowed and answers the same. */
export const cancelRules: readonly Rule<unknown>[] = [isNotBeingPaid, hasNotExpired];

/** The first rule's "no", or null when all allow. */
export function firstRefusal<Request>(
  rules: readonly Rule<Request>[],
  reservation: Reservation,
  request: Request,
  now: Date,
): Rejection | null {
  for (const rule of rules) {
    const refusal = rule(reservation, request, now);
    if (refusal) return refusal;
  }
  return null;
}
