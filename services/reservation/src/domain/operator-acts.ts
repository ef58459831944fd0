import type { Rejection } from '#contracts';
import type { Cancellation } from './cancellation-saga.js';
import type { Moment } from './effects.js';
import { isOpen, type Payment, paymentStatus } from './payment.js';
import { ask, keepSeats, type Purchase, type SagaDecision, turn, undoOf } from './payment-saga.js';
import { deadlineIn } from './pending-step.js';

/** What an operator may do about a STUCK payment. */
export type OperatorAct = 'retry' | 'compensate';

/** A payment with the cancellation of its paid reservation, which belongs to it. */
export interface OperatedPayment {
  readonly payment: Payment;
  readonly cancellation: Cancellation | null;
}

/** A payment waits for an operator while its own saga, or its cancellation's, is STUCK. */
export const waitsForOperator = ({ payment, cancellation }: OperatedPayment): boolean =>
  payment.stuckReason !== null || (cancellation !== null && cancellation.stuckReason !== null);

type ActRule = (operated: OperatedPayment) => Rejection | null;

export const paymentNotFound: Rejection = { code: 'PAYMENT_NOT_FOUND', detail: 'There is no such payment.' };

/** What still runs, or has ended, decides itself. */
export const isStuck: ActRule = (operated) =>
  waitsForOperator(operated)
    ? null
    : {
        code: 'PAYMENT_NOT_STUCK',
        detail: 'Only a payment that is STUCK waits for an operator.',
        members: { paymentStatus: paymentStatus(operated.payment) },
      };

/** Past the pivot there is no way back; what is paid is given back by its owner, who cancels it. */
export const isNotConfirmed: ActRule = ({ payment }) =>
  paymentStatus(payment) === 'COMPLETED'
    ? {
        code: 'PAYMENT_NOT_COMPENSABLE',
        detail: 'The payment is confirmed: it, and its cancellation, only go forward. Retry it.',
      }
    : null;

/** In the order of their answers. */
export const actRules: Readonly<Record<OperatorAct, readonly ActRule[]>> = {
  retry: [isStuck],
  compensate: [isStuck, isNotConfirmed],
};

/**
 * Asks again what the payment awaits. Always under a new id: one that lies in dead letters, or that no inbox knows any more,
 * would never be answered, and the barriers of those asked make another one safe.
 */
function retry(purchase: Purchase, deadlineSeconds: number, moment: Moment): SagaDecision {
  const retried = ask(withNewDeadline(purchase, deadlineSeconds, moment), 'RETRIED_BY_OPERATOR', moment);
  const mayConfirm = isOpen(retried.payment) && undoOf(retried.payment.state) !== null;
  return mayConfirm ? { ...retried, effects: [...retried.effects, keepSeats(retried.payment, moment)] } : retried;
}

/** Turns back as a passed deadline would. Where the confirmation is out it is revoked first; an undo is asked for again. */
function compensate(purchase: Purchase, deadlineSeconds: number, moment: Moment): SagaDecision {
  const compensated = withNewDeadline(purchase, deadlineSeconds, moment);
  const undo = isOpen(compensated.payment) ? undoOf(compensated.payment.state) : null;
  return undo
    ? turn(compensated, undo.state, 'COMPENSATED_BY_OPERATOR', moment)
    : ask(compensated, 'COMPENSATED_BY_OPERATOR', moment);
}

/** What an operator decided about a STUCK payment that the rules allow to be acted on. */
export const actOn: Readonly<Record<OperatorAct, typeof retry>> = { retry, compensate };

const withNewDeadline = (purchase: Purchase, seconds: number, { now }: Moment): Purchase => ({
  ...purchase,
  payment: { ...purchase.payment, ...deadlineIn(seconds, now) },
});
