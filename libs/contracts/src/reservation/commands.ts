import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { ofDeadLetter } from '../replay.js';
import { topics } from '../topics.js';
import { operation, placeReference, userId, uuid } from '../values.js';

const ofReservation = {
  topic: topics.reservationCommands,
  key: (payload: { reservationId: string }) => payload.reservationId,
  subject: (payload: { reservationId: string }) => payload.reservationId,
};

/**
 * Pay for a reservation. Answered, when the saga ends, with a payment; or rejected: RESERVATION_NOT_FOUND, INVALID_TOKEN
 * (reservation of another concert than the token's), EXPIRED_RESERVATION, RESERVATION_NOT_PAYABLE, PAYMENT_IN_PROGRESS,
 * NOT_ENOUGH_BALANCE.
 */
export const startPayment = defineMessage({
  type: 'reservation.StartPayment.v1',
  payload: z.object({ reservationId: uuid, paymentId: uuid, userId, place: placeReference }),
  ...ofReservation,
});

/** Answered with the reservation once its seats are free; rejected: RESERVATION_NOT_FOUND, RESERVATION_NOT_CANCELLABLE. */
export const cancelReservation = defineMessage({
  type: 'reservation.CancelReservation.v1',
  payload: z.object({ reservationId: uuid, userId }),
  ...ofReservation,
});

/** The sweep found the hold ended: WAITING becomes EXPIRED, if it still is both. Not answered. */
export const expireReservation = defineMessage({
  type: 'reservation.ExpireReservation.v1',
  payload: z.object({ reservationId: uuid }),
  ...ofReservation,
  look: true,
});

/** A saga's step is overdue: repeat it, compensate it or mark it STUCK. Not answered. */
export const checkPayment = defineMessage({
  type: 'reservation.CheckPayment.v1',
  payload: z.object({ reservationId: uuid, paymentId: uuid }),
  ...ofReservation,
  look: true,
});

/** The cancellation of a paid reservation has a step overdue. Not answered. */
export const checkCancellation = defineMessage({
  type: 'reservation.CheckCancellation.v1',
  payload: z.object({ reservationId: uuid }),
  ...ofReservation,
  look: true,
});

/**
 * An operator has a dead letter of this service handled again, and what is parked of its subject. Answered with a `Replay`;
 * rejected: DEAD_LETTER_NOT_FOUND, DEAD_LETTER_NOT_REPLAYABLE.
 */
export const replayDeadLetter = defineMessage({
  type: 'reservation.ReplayDeadLetter.v1',
  topic: topics.reservationCommands,
  ...ofDeadLetter,
});

/** Ordered with all else of the reservation, but about the payment: what is parked of the one does not hold up the other. */
const ofStuckPayment = {
  topic: topics.reservationCommands,
  payload: z.object({ reservationId: uuid, paymentId: uuid }).extend(operation.shape),
  key: (payload: { reservationId: string }) => payload.reservationId,
  subject: (payload: { paymentId: string }) => payload.paymentId,
  audited: true,
};

/**
 * An operator has what a STUCK payment, or its cancellation, awaits asked again, with a new deadline. Answered with the
 * payment as operators see it; rejected: PAYMENT_NOT_FOUND, PAYMENT_NOT_STUCK.
 */
export const retryPayment = defineMessage({ type: 'reservation.RetryPayment.v1', ...ofStuckPayment });

/**
 * An operator has a STUCK payment turn back: refunded, after its confirmation is revoked where that may be out. Answered with
 * the payment as operators see it; rejected: PAYMENT_NOT_FOUND, PAYMENT_NOT_STUCK, PAYMENT_NOT_COMPENSABLE (it is confirmed).
 */
export const compensatePayment = defineMessage({ type: 'reservation.CompensatePayment.v1', ...ofStuckPayment });
