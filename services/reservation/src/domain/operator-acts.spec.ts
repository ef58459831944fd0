import { describe, expect, it } from '@jest/globals';
import {
  aBegunCancellation,
  aBegunPayment,
  aCheck,
  aConfirmedPayment,
  aDebitedPayment,
  aMoment,
  anAnswer,
  aParkedReply,
  id,
  newId,
  secondsAfterNoon,
} from '../../test/reservation.builders.js';
import { asked, at, inDoubt, kinds, refundAwaited, whatHappened } from '../../test/saga-decisions.js';
import { decideCancellation, retryCancellation } from './cancellation-saga.js';
import { actOn, actRules, type OperatedPayment, type OperatorAct } from './operator-acts.js';
import { type OpenPaymentState, openPaymentStates } from './payment.js';
import type { Purchase } from './payment-saga.js';

const acts = ['retry', 'compensate'] as const;
const inState: Readonly<Record<OpenPaymentState, () => Purchase>> = {
  DEBITING: aBegunPayment,
  CONFIRMING: aDebitedPayment,
  REVOKING: inDoubt,
  REFUNDING: refundAwaited,
  EXPIRING_TOKEN: aConfirmedPayment,
};
/** Its request lies in the dead letters of another service. */
const stuckIn = (state: OpenPaymentState): Purchase => {
  const purchase = inState[state]();
  return at(100)(purchase, aParkedReply(purchase.payment));
};
const hour = 3_600;
/** What an operator does an hour after noon. */
const act = (what: OperatorAct, purchase: Purchase) => actOn[what](purchase, 60, aMoment(secondsAfterNoon(hour)));
const refusal = (what: OperatorAct, operated: OperatedPayment) =>
  actRules[what].map((rule) => rule(operated)).find((each) => each !== null)?.code ?? 'allowed';
const alone = ({ payment }: Purchase): OperatedPayment => ({ payment, cancellation: null });

describe('the rules of what operators may do', () => {
  const every = openPaymentStates.flatMap((state) => acts.map((what) => ({ state, what })));

  it.each(every)('refuse to $what a payment that is $state and decides itself', ({ state, what }) => {
    expect(refusal(what, alone(inState[state]()))).toBe('PAYMENT_NOT_STUCK');
  });

  it.each(every)('let operators $what a STUCK payment that is $state, unless it is confirmed', ({ state, what }) => {
    const goesForward = what === 'compensate' && state === 'EXPIRING_TOKEN';
    expect(refusal(what, alone(stuckIn(state)))).toBe(goesForward ? 'PAYMENT_NOT_COMPENSABLE' : 'allowed');
  });

  it.each(['COMPLETED', 'REJECTED', 'COMPENSATED'] as const)('refuse both for a payment that is %s', (state) => {
    const payment = { ...aBegunPayment().payment, state, finishedAt: secondsAfterNoon(1) };
    for (const what of acts) expect(refusal(what, { payment, cancellation: null })).toBe('PAYMENT_NOT_STUCK');
  });

  it('say what status the payment has that is not STUCK', () => {
    const [isStuck] = actRules.retry;
    expect(isStuck!(alone(aConfirmedPayment()))?.members).toEqual({ paymentStatus: 'COMPLETED' });
  });

  it('let a STUCK cancellation of a paid reservation be retried, and nothing else', () => {
    const { payment, ...begun } = aBegunCancellation();
    const stuck = decideCancellation(begun, aParkedReply(begun.cancellation), secondsAfterNoon(1), newId);
    const refusals = ({ cancellation }: typeof stuck) => acts.map((what) => refusal(what, { payment, cancellation }));
    expect(refusals({ ...begun, effects: [] })).toEqual(['PAYMENT_NOT_STUCK', 'PAYMENT_NOT_STUCK']);
    expect(refusals(stuck)).toEqual(['allowed', 'PAYMENT_NOT_COMPENSABLE']);
  });
});

describe('a STUCK payment that an operator retries', () => {
  it.each([
    ['DEBITING', 'debit', ['request', 'extendHold']],
    ['CONFIRMING', 'confirmSeats', ['request', 'extendHold']],
    ['REVOKING', 'revokeConfirm', ['request']],
    ['REFUNDING', 'refund', ['request']],
    ['EXPIRING_TOKEN', 'expireToken', ['request']],
  ] as const)('while %s asks %s again under a new id, with a new deadline and grace', (state, action, effects) => {
    const stuck = stuckIn(state);
    const retried = act('retry', stuck);
    expect(retried.payment).toMatchObject({
      state,
      stuckReason: null,
      attempts: 1,
      stepSentAt: secondsAfterNoon(hour),
      deadlineAt: secondsAfterNoon(hour + 60),
      graceEndsAt: secondsAfterNoon(hour + 120),
      nextCheckAt: secondsAfterNoon(hour + 5),
    });
    expect(retried.payment.lastRequestId).not.toBe(stuck.payment.lastRequestId);
    expect(retried.effects[0]).toEqual({ kind: 'request', action, id: retried.payment.lastRequestId });
    expect(kinds(retried)).toEqual(effects);
    expect(retried.payment.timeline.at(-1)).toEqual({
      at: secondsAfterNoon(hour),
      state,
      event: 'RETRIED_BY_OPERATOR',
      messageId: id('message'),
    });
    expect(retried.reservation).toBe(stuck.reservation);
  });

  it('goes on with the answer to that; a late one to what was asked before is stale', () => {
    const stuck = stuckIn('DEBITING');
    const retried = act('retry', stuck);
    expect(kinds(at(hour + 1)(retried, anAnswer(stuck.payment)))).toEqual(['stale']);
    expect(at(hour + 1)(retried, anAnswer(retried.payment)).payment.state).toBe('CONFIRMING');
  });

  it('keeps its seats until the new deadline, which a refusal restores from', () => {
    const retried = act('retry', stuckIn('DEBITING'));
    const until = secondsAfterNoon(hour + 60);
    expect(retried.effects).toContainEqual({ kind: 'extendHold', id: expect.any(String), until });
  });

  it('repeats, turns back and is STUCK again as if it had begun then', () => {
    const retried = act('retry', stuckIn('DEBITING'));
    expect(asked(at(hour + 5)(retried, aCheck()))).toEqual(['debit']);
    const turned = at(hour + 60)(retried, aCheck());
    expect([turned.payment.state, asked(turned)]).toEqual(['REFUNDING', ['refund']]);
    expect(asked(at(hour + 119)(turned, aCheck()))).toEqual(['refund']);
    const again = at(hour + 120)(turned, aCheck());
    expect(again.effects).toMatchObject([{ kind: 'stuck' }]);
    expect(whatHappened(again).slice(1)).toEqual([
      'WAITS_FOR_OPERATOR',
      'RETRIED_BY_OPERATOR',
      'DEADLINE_PASSED',
      'WAITS_FOR_OPERATOR',
    ]);
    expect(refusal('retry', alone(again))).toBe('allowed');
  });
});

describe('a STUCK payment that an operator compensates', () => {
  it.each([
    ['DEBITING', 'REFUNDING', 'refund'],
    // Never a refund while the confirmation is in doubt.
    ['CONFIRMING', 'REVOKING', 'revokeConfirm'],
    ['REVOKING', 'REVOKING', 'revokeConfirm'],
    ['REFUNDING', 'REFUNDING', 'refund'],
  ] as const)('while %s is %s and asks %s alone, under a new id, with a new deadline', (state, next, action) => {
    const stuck = stuckIn(state);
    const compensated = act('compensate', stuck);
    expect(compensated.payment).toMatchObject({
      state: next,
      stuckReason: null,
      deadlineAt: secondsAfterNoon(hour + 60),
      graceEndsAt: secondsAfterNoon(hour + 120),
    });
    expect(compensated.payment.lastRequestId).not.toBe(stuck.payment.lastRequestId);
    expect(compensated.effects).toEqual([{ kind: 'request', action, id: compensated.payment.lastRequestId }]);
    expect(compensated.payment.timeline.at(-1)).toMatchObject({ state: next, event: 'COMPENSATED_BY_OPERATOR' });
    expect(compensated.reservation.status).toBe('PAYING');
    expect(asked(at(hour + 60)(compensated, aCheck()))).toEqual([action]);
    expect(kinds(at(hour + 120)(compensated, aCheck()))).toEqual(['stuck']);
  });

  it('ends with its money back once the confirmation is known not to have happened, and only then', () => {
    const revoking = act('compensate', stuckIn('CONFIRMING'));
    const stood = at(hour + 1)(revoking, anAnswer(revoking.payment, { confirmed: true }));
    expect([stood.payment.state, stood.reservation.status]).toEqual(['EXPIRING_TOKEN', 'CONFIRMED']);
    const revoked = at(hour + 1)(revoking, anAnswer(revoking.payment, { confirmed: false }));
    expect(asked(revoked)).toEqual(['refund']);
    const ended = at(hour + 2)(revoked, anAnswer(revoked.payment, { moved: 3_000 }));
    expect([ended.payment.state, ended.reservation.status]).toEqual(['COMPENSATED', 'EXPIRED']);
  });
});

describe('a STUCK cancellation that an operator retries', () => {
  it('asks again under a new id, with a new deadline and grace, and may be STUCK again', () => {
    const begun = aBegunCancellation();
    const stuck = decideCancellation(begun, aParkedReply(begun.cancellation), secondsAfterNoon(1), newId);
    const retried = retryCancellation(stuck, 60, aMoment(secondsAfterNoon(hour)));
    const { cancellation, effects } = retried;
    expect(cancellation).toMatchObject({
      state: 'REFUNDING',
      stuckReason: null,
      attempts: 1,
      graceEndsAt: secondsAfterNoon(hour + 120),
      nextCheckAt: secondsAfterNoon(hour + 5),
    });
    expect(cancellation.lastRequestId).not.toBe(begun.cancellation.lastRequestId);
    expect(effects).toEqual([{ kind: 'request', action: 'refund', id: cancellation.lastRequestId }]);
    const checked = (seconds: number) =>
      decideCancellation(retried, aCheck(), secondsAfterNoon(seconds), newId).effects;
    expect(checked(hour + 119)).toMatchObject([{ kind: 'request' }]);
    expect(checked(hour + 120)).toMatchObject([{ kind: 'stuck' }]);
  });
});
