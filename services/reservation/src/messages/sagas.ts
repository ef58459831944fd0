import { announce, answer, type Context, type Decision, done, type Outcome } from '#messaging';
import { type CancellationDecision, decideCancellation } from '../domain/cancellation-saga.js';
import { decide, type SagaDecision } from '../domain/payment-saga.js';
import { reservationBody } from '../domain/reservation-body.js';
import type { SagaMessage } from '../domain/saga-message.js';
import { carryOut, paymentAnswer } from './outgoing.js';
import type { Purchases } from './purchases.js';

/** Puts a payment's decision into the loaded state and says it in messages. */
export function applyPayment(
  purchases: Purchases,
  decided: SagaDecision,
  now: Date,
  outcome: Outcome = done,
): Decision {
  const { payment, reservation, effects } = decided;
  const before = purchases.payments.get(payment.paymentId);
  if (payment.state !== before?.state) announce('saga.moved', { state: `payment.${payment.state}` });
  purchases.payments.put(payment);
  purchases.reservations.put(reservation);
  const { paymentId, place, correlationId } = payment;
  const told = () => paymentAnswer(payment);
  return { outcome, ...carryOut(effects, { reservation, paymentId, place, correlationId, now, answer: told }) };
}

/** The same for a cancellation; those who wait are told the cancelled reservation. */
export function applyCancellation(
  purchases: Purchases,
  decided: CancellationDecision,
  now: Date,
  outcome: Outcome = done,
): Decision {
  const { cancellation, reservation, effects } = decided;
  const before = purchases.cancellations.get(reservation.reservationId);
  if (cancellation.state !== before?.state) announce('saga.moved', { state: `cancellation.${cancellation.state}` });
  purchases.cancellations.put(cancellation);
  purchases.reservations.put(reservation);
  const { paymentId, correlationId } = cancellation;
  const told = () => answer(reservationBody(reservation, now));
  return { outcome, ...carryOut(effects, { reservation, paymentId, place: null, correlationId, now, answer: told }) };
}

/** Gives a message to a loaded payment's saga; null when there is no such payment. */
export function movePaymentSaga(
  purchases: Purchases,
  paymentId: string,
  message: SagaMessage,
  { now, newId }: Context,
): Decision | null {
  const payment = purchases.payments.get(paymentId);
  const reservation = payment && purchases.reservations.get(payment.reservationId);
  if (!payment || !reservation) return null;
  return applyPayment(purchases, decide({ payment, reservation }, message, now, newId), now);
}

/** Gives a message to a loaded cancellation's saga; null when there is none. */
export function moveCancellationSaga(
  purchases: Purchases,
  reservationId: string,
  message: SagaMessage,
  { now, newId }: Context,
): Decision | null {
  const cancellation = purchases.cancellations.get(reservationId);
  const reservation = purchases.reservations.get(reservationId);
  if (!cancellation || !reservation) return null;
  return applyCancellation(purchases, decideCancellation({ cancellation, reservation }, message, now, newId), now);
}
