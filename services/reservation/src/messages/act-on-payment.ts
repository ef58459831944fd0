import type { reservation as reservationMessages } from '#contracts';
import { answer, type Context, type Decision, type Message, reject } from '#messaging';
import { retryCancellation } from '../domain/cancellation-saga.js';
import type { Moment } from '../domain/effects.js';
import { actOn, actRules, type OperatedPayment, type OperatorAct, paymentNotFound } from '../domain/operator-acts.js';
import { operatorPaymentBody } from '../domain/operator-payment-body.js';
import { noted } from '../domain/payment.js';
import type { Purchases } from './purchases.js';
import { applyCancellation, applyPayment } from './sagas.js';

export type ActOnPayment = Message<
  typeof reservationMessages.retryPayment | typeof reservationMessages.compensatePayment
>;

/** What an operator wants of a STUCK payment: done and answered with what the payment is now, or refused. */
export function decideOperatorAct(
  purchases: Purchases,
  act: OperatorAct,
  { id: messageId, payload: { reservationId, paymentId } }: ActOnPayment,
  context: Context,
  deadlineSeconds: number,
): Decision {
  const operated = find(purchases, reservationId, paymentId);
  if (!operated) return { outcome: reject(paymentNotFound) };
  for (const rule of actRules[act]) {
    const refusal = rule(operated);
    if (refusal) return { outcome: reject(refusal) };
  }
  const moment: Moment = { now: context.now, messageId, newId: () => context.newId() };
  const send = [
    ...actOnPayment(purchases, operated, act, moment, deadlineSeconds),
    ...actOnCancellation(purchases, operated, moment, deadlineSeconds),
  ];
  return { outcome: answer(operatorPaymentBody(find(purchases, reservationId, paymentId) ?? operated)), send };
}

function find(purchases: Purchases, reservationId: string, paymentId: string): OperatedPayment | null {
  const payment = purchases.payments.get(paymentId);
  if (payment?.reservationId !== reservationId) return null;
  const cancellation = purchases.cancellations.get(reservationId);
  return { payment, cancellation: cancellation?.paymentId === paymentId ? cancellation : null };
}

function actOnPayment(
  purchases: Purchases,
  { payment }: OperatedPayment,
  act: OperatorAct,
  moment: Moment,
  deadlineSeconds: number,
) {
  if (payment.stuckReason === null) return [];
  const reservation = reservationOf(purchases, payment.reservationId);
  const decided = actOn[act]({ payment, reservation }, deadlineSeconds, moment);
  return applyPayment(purchases, decided, moment.now).send ?? [];
}

/**
 * The rules let nobody compensate a cancellation: what is left is to retry it, which its payment's timeline tells, once if the
 * payment was retried by the same act.
 */
function actOnCancellation(
  purchases: Purchases,
  { payment: { paymentId, stuckReason }, cancellation }: OperatedPayment,
  moment: Moment,
  deadlineSeconds: number,
) {
  if (!cancellation || cancellation.stuckReason === null) return [];
  const reservation = reservationOf(purchases, cancellation.reservationId);
  const decided = retryCancellation({ cancellation, reservation }, deadlineSeconds, moment);
  const { send = [] } = applyCancellation(purchases, decided, moment.now);
  if (stuckReason !== null) return send;
  const payment = purchases.payments.get(paymentId)!;
  purchases.payments.put(noted(payment, 'RETRIED_BY_OPERATOR', moment.messageId, moment.now));
  return send;
}

function reservationOf(purchases: Purchases, reservationId: string) {
  const reservation = purchases.reservations.get(reservationId);
  if (!reservation) throw new Error(`the reservation ${reservationId} of a payment is missing`);
  return reservation;
}
