import type { reservation as reservationMessages } from '#contracts';
import { answer, type Context, type Decision, type Message, open, reject } from '#messaging';
import { paymentStatus } from '../domain/payment.js';
import { paymentBody } from '../domain/payment-body.js';
import { begin } from '../domain/payment-saga.js';
import { firstRefusal, ownReservation, paymentRules, reservationNotFound } from '../domain/reservation-rules.js';
import { withWaiter } from '../domain/waiters.js';
import { paymentAnswer } from './outgoing.js';
import type { Purchases } from './purchases.js';
import { applyPayment } from './sagas.js';

export type StartPayment = Message<typeof reservationMessages.startPayment>;

/** Begins a payment, or says why not. The outcome stays open until the saga is decided. */
export function decideStartPayment(
  purchases: Purchases,
  message: StartPayment,
  context: Context,
  deadlineSeconds: number,
): Decision {
  if (message.repeated) return joinPayment(purchases, message);
  const { reservationId, paymentId, userId, place } = message.payload;
  const { now } = context;
  const reservation = ownReservation(purchases.reservations.get(reservationId), userId);
  if (!reservation) return { outcome: reject(reservationNotFound) };
  const refusal = firstRefusal(paymentRules, reservation, { tokenConcertId: place.concertId }, now);
  if (refusal) return { outcome: reject(refusal) };
  if (reservation.status === 'CONFIRMED') return { outcome: alreadyPaid(purchases, reservation.paymentId) };
  const attempt = {
    paymentId,
    place,
    correlationId: message.correlationId,
    waiter: message.asker,
    deadlineSeconds,
  };
  const begun = begin(reservation, attempt, { now, messageId: message.id, newId: () => context.newId() });
  return applyPayment(purchases, begun, now, open);
}

/** Paying a paid reservation answers its payment; `alreadyPaid` lets the gateway say 200 instead of 201. */
function alreadyPaid(purchases: Purchases, paymentId: string | null) {
  const payment = purchases.payments.get(paymentId);
  if (!payment) throw new Error(`the payment ${paymentId} of a confirmed reservation is missing`);
  return answer({ ...paymentBody(payment), alreadyPaid: true });
}

/** A repeat of a StartPayment: the decision if there is one, else a place among those who wait for it. */
function joinPayment(purchases: Purchases, message: StartPayment): Decision {
  const payment = purchases.startedBy(message.id);
  if (!payment) throw new Error(`no payment was begun by ${message.id}`);
  if (paymentStatus(payment) !== 'PROCESSING') return { outcome: paymentAnswer(payment) };
  purchases.payments.put({ ...payment, waiters: withWaiter(payment.waiters, message.asker) });
  return { outcome: open };
}
