import { type OperatedPayment, waitsForOperator } from './operator-acts.js';
import { paymentStatus, type PaymentStatus, paymentStatuses } from './payment.js';
import { paymentBody } from './payment-body.js';

/** What operators see: a payment that waits for them is STUCK, whatever its owner sees. */
export const operatorStatuses = [...paymentStatuses, 'STUCK'] as const;
export type OperatorStatus = PaymentStatus | 'STUCK';

/** The payment as the public API shows it to operators. */
export function operatorPaymentBody(operated: OperatedPayment): Record<string, unknown> {
  const { payment, cancellation } = operated;
  const { userId, state, stuckReason, attempts, deadlineAt, createdAt } = payment;
  const status: OperatorStatus = waitsForOperator(operated) ? 'STUCK' : paymentStatus(payment);
  return {
    ...paymentBody(payment),
    status,
    userId,
    state,
    stuckReason,
    attempts,
    deadlineAt: deadlineAt.toISOString(),
    createdAt: createdAt.toISOString(),
    cancellation: cancellation && {
      state: cancellation.state,
      stuckReason: cancellation.stuckReason,
      attempts: cancellation.attempts,
    },
  };
}
