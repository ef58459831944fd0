import { type Payment, paymentStatus } from './payment.js';

/** The payment as the public API shows it to its owner. */
export function paymentBody(payment: Payment): Record<string, unknown> {
  const { failure } = payment;
  return {
    paymentId: payment.paymentId,
    reservationId: payment.reservationId,
    status: paymentStatus(payment),
    amount: Number(payment.amount),
    currency: payment.currency,
    paidAt: payment.paidAt?.toISOString() ?? null,
    failure: failure && { code: failure.code, detail: failure.detail },
    timeline: payment.timeline.map(({ at, state, event }) => ({ at: at.toISOString(), state, event })),
  };
}
