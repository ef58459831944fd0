import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { topics } from '../topics.js';
import { placeReference, userId, uuid } from '../values.js';

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
});

/** A saga's step is overdue: repeat it, compensate it or mark it STUCK. Not answered. */
export const checkPayment = defineMessage({
  type: 'reservation.CheckPayment.v1',
  payload: z.object({ reservationId: uuid, paymentId: uuid }),
  ...ofReservation,
});

/** The cancellation of a paid reservation has a step overdue. Not answered. */
export const checkCancellation = defineMessage({
  type: 'reservation.CheckCancellation.v1',
  payload: z.object({ reservationId: uuid }),
  ...ofReservation,
});
