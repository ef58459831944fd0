import { decide, type Purchase, type SagaDecision } from '../src/domain/payment-saga.js';
import type { SagaMessage } from '../src/domain/saga-message.js';
import { aBegunPayment, aCheck, aDebitedPayment, newId, secondsAfterNoon } from './reservation.builders.js';

/** Decides the message so many seconds after noon. */
export const at = (seconds: number) => (purchase: Purchase, message: SagaMessage) =>
  decide(purchase, message, secondsAfterNoon(seconds), newId);
/** The requests that a decision sends. */
export const asked = ({ effects }: SagaDecision) =>
  effects.flatMap((effect) => (effect.kind === 'request' ? effect.action : []));
export const kinds = ({ effects }: SagaDecision) => effects.map(({ kind }) => kind);
export const whatHappened = ({ payment }: Purchase) => payment.timeline.map(({ event }) => event);

/** The confirmation got no answer: past the deadline the saga asks whether it happened. */
export const inDoubt = (): SagaDecision => at(60)(aDebitedPayment(), aCheck());
/** The debit got no answer: past the deadline its refund is asked for. */
export const refundAwaited = (): SagaDecision => at(60)(aBegunPayment(), aCheck());
