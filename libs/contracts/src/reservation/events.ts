import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { topics } from '../topics.js';
import { amount, currency, instant, userId, uuid } from '../values.js';

const ofReservation = {
  topic: topics.reservationEvents,
  key: (payload: { reservationId: string }) => payload.reservationId,
  subject: (payload: { reservationId: string }) => payload.reservationId,
};

/** Paid: for whoever issues tickets, sends mail or counts sales. */
export const reservationConfirmed = defineMessage({
  type: 'reservation.ReservationConfirmed.v1',
  payload: z.object({
    reservationId: uuid,
    paymentId: uuid,
    userId,
    concertId: uuid,
    scheduleId: uuid,
    seatIds: z.array(uuid),
    amount,
    currency,
    paidAt: instant,
  }),
  ...ofReservation,
});

/** A reservation ended without, or after, a payment. */
export const reservationEnded = defineMessage({
  type: 'reservation.ReservationEnded.v1',
  payload: z.object({
    reservationId: uuid,
    userId,
    concertId: uuid,
    scheduleId: uuid,
    status: z.enum(['EXPIRED', 'CANCELLED']),
    refundedAmount: amount,
    endedAt: instant,
  }),
  ...ofReservation,
});
