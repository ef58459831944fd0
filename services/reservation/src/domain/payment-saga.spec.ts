import { describe, expect, it } from '@jest/globals';
import {
  aBegunPayment,
  aCheck,
  aConfirmedPayment,
  aDebitedPayment,
  aHeldReservation,
  anAnswer,
  aParkedReply,
  aRejection,
  aWaiter,
  id,
  newId,
  noon,
  secondsAfterNoon,
} from '../../test/reservation.builders.js';
import { movePayment, openPaymentStates, paymentStates, paymentStatus, paymentTransitions } from './payment.js';
import { begin, decide, paymentSteps, type Purchase, requestIn, type SagaDecision } from './payment-saga.js';
import { ImpossibleMove } from './reservation.js';
import type { SagaMessage } from './saga-message.js';

const at = (seconds: number) => (purchase: Purchase, message: SagaMessage) =>
  decide(purchase, message, secondsAfterNoon(seconds), newId);
const asked = ({ effects }: SagaDecision) =>
  effects.flatMap((effect) => (effect.kind === 'request' ? effect.action : []));
const kinds = ({ effects }: SagaDecision) => effects.map(({ kind }) => kind);
const whatHappened = ({ payment }: Purchase) => payment.timeline.map(({ event }) => event);

/** The confirmation got no answer: past the deadline the saga asks whether it happened. */
const inDoubt = (): SagaDecision => at(60)(aDebitedPayment(), aCheck());
const refundAwaited = (): SagaDecision => at(60)(aBegunPayment(), aCheck());

describe('the steps of a payment', () => {
  it('are a debit that can be undone, a confirmation that can only be asked about, and a token that must be spent', () => {
    expect(paymentSteps.map(({ action, kind, undo }) => [action, kind, undo?.action])).toEqual([
      ['debit', 'compensatable', 'refund'],
      ['confirmSeats', 'pivot', 'revokeConfirm'],
      ['expireToken', 'retriable', undefined],
    ]);
    expect(Object.keys(requestIn).toSorted()).toEqual([...openPaymentStates].toSorted());
  });

  const pairs = paymentStates.flatMap((from) => paymentStates.map((to) => ({ from, to })));
  it.each(pairs)('$from → $to happens only as the transition table says', ({ from, to }) => {
    const payment = { ...aBegunPayment().payment, state: from };
    if (paymentTransitions[from].includes(to)) expect(movePayment(payment, to, {}).state).toBe(to);
    else expect(() => movePayment(payment, to, {})).toThrow(ImpossibleMove);
  });

  it('never lead out of a finished payment', () => {
    for (const state of ['COMPLETED', 'REJECTED', 'COMPENSATED'] as const)
      expect(paymentTransitions[state]).toEqual([]);
  });
});

describe('a payment', () => {
  it('begins by taking the reservation, asking for the debit and keeping the seats until its deadline', () => {
    const attempt = {
      paymentId: id('payment'),
      place: { concertId: id('concert'), generation: 1, queueNumber: 7, tokenId: id('token') },
      correlationId: 'trail-1',
      waiter: aWaiter(),
      deadlineAt: secondsAfterNoon(60),
    };
    const moment = { now: noon, messageId: id('message'), newId };
    const { payment, reservation, effects } = begin(aHeldReservation(), attempt, moment);
    expect(reservation).toMatchObject({ status: 'PAYING', paymentId: id('payment'), expiresAt: secondsAfterNoon(300) });
    expect(payment).toMatchObject({ state: 'DEBITING', amount: 3_000n, attempts: 1, nextCheckAt: secondsAfterNoon(5) });
    expect(effects).toEqual([
      { kind: 'request', action: 'debit', id: payment.lastRequestId },
      { kind: 'extendHold', id: expect.any(String), until: secondsAfterNoon(60) },
    ]);
  });

  it('goes from the debit over the confirmation, where the client is told, to the spent token', () => {
    const begun = aBegunPayment();
    const confirming = at(1)(begun, anAnswer(begun.payment));
    expect([confirming.payment.state, asked(confirming)]).toEqual(['CONFIRMING', ['confirmSeats']]);

    const confirmed = at(2)(confirming, anAnswer(confirming.payment));
    expect(confirmed.reservation).toMatchObject({ status: 'CONFIRMED', paidAt: secondsAfterNoon(2) });
    expect(confirmed.payment).toMatchObject({ state: 'EXPIRING_TOKEN', paidAt: secondsAfterNoon(2), waiters: [] });
    expect(paymentStatus(confirmed.payment)).toBe('COMPLETED');
    expect(kinds(confirmed)).toEqual(['tell', 'reservationConfirmed', 'request']);
    expect(confirmed.effects[0]).toEqual({ kind: 'tell', waiters: begun.payment.waiters });
    expect(asked(confirmed)).toEqual(['expireToken']);

    const completed = at(3)(confirmed, anAnswer(confirmed.payment));
    expect(completed.payment).toMatchObject({
      state: 'COMPLETED',
      finishedAt: secondsAfterNoon(3),
      lastRequestId: null,
      nextCheckAt: null,
    });
    expect(completed.effects).toEqual([]);
    expect(whatHappened(completed)).toEqual(['PAYMENT_STARTED', 'WALLET_DEBITED', 'SEATS_CONFIRMED', 'TOKEN_EXPIRED']);
  });

  it('is COMPLETED even where the queue service will not expire the token', () => {
    const confirmed = aConfirmedPayment();
    expect(at(1)(confirmed, aRejection(confirmed.payment, 'INVALID_TOKEN')).payment.state).toBe('COMPLETED');
  });

  it('without enough balance is rejected at once, and the reservation waits again until its original end', () => {
    const begun = aBegunPayment({ reservation: aHeldReservation({ expiresAt: secondsAfterNoon(10) }) });
    const no = aRejection(begun.payment, 'NOT_ENOUGH_BALANCE', { balance: 5, amount: 3_000 });
    const rejected = at(9.999)(begun, no);
    expect(rejected.reservation).toMatchObject({ status: 'WAITING', expiresAt: secondsAfterNoon(10) });
    expect(rejected.payment).toMatchObject({
      state: 'REJECTED',
      finishedAt: secondsAfterNoon(9.999),
      waiters: [],
      failure: { code: 'NOT_ENOUGH_BALANCE', members: { balance: 5, amount: 3_000, paymentId: id('payment') } },
    });
    expect(rejected.effects).toEqual([{ kind: 'tell', waiters: begun.payment.waiters }]);

    const tooLate = at(10)(begun, no);
    expect(tooLate.reservation.status).toBe('EXPIRED');
    expect(kinds(tooLate)).toEqual(['tell', 'releaseHold', 'reservationEnded']);
    expect(tooLate.effects[1]).toMatchObject({ reason: 'EXPIRED' });
  });

  it('whose seats are lost is refunded, and only then told that the reservation expired, whatever its clock says', () => {
    const debited = aDebitedPayment();
    const refunding = at(1)(debited, aRejection(debited.payment, 'EXPIRED_RESERVATION'));
    expect([refunding.payment.state, asked(refunding), kinds(refunding)]).toEqual([
      'REFUNDING',
      ['refund'],
      ['request'],
    ]);
    expect(refunding.reservation.status).toBe('PAYING');
    expect(refunding.payment.waiters).toHaveLength(1);

    const compensated = at(2)(refunding, anAnswer(refunding.payment, { moved: 3_000 }));
    expect(compensated.reservation.status).toBe('EXPIRED');
    expect(compensated.payment).toMatchObject({
      state: 'COMPENSATED',
      failure: { code: 'EXPIRED_RESERVATION', members: { paymentId: id('payment') } },
    });
    expect(kinds(compensated)).toEqual(['tell', 'releaseHold', 'reservationEnded']);
    expect(compensated.effects[1]).toMatchObject({ reason: 'COMPENSATED' });
  });

  it('whose debit is refused for a reason nobody foresaw is refunded: that is right whether or not money moved', () => {
    const begun = aBegunPayment();
    expect(asked(at(1)(begun, aRejection(begun.payment, 'COMPENSATED')))).toEqual(['refund']);
  });
});

describe('a reply that is not awaited', () => {
  const states: Record<string, () => Purchase> = {
    DEBITING: aBegunPayment,
    CONFIRMING: aDebitedPayment,
    EXPIRING_TOKEN: aConfirmedPayment,
    REVOKING: inDoubt,
    REFUNDING: refundAwaited,
    COMPLETED: () => {
      const confirmed = aConfirmedPayment();
      return at(1)(confirmed, anAnswer(confirmed.payment));
    },
  };
  it.each(Object.keys(states))('changes nothing while the payment is %s: it is counted as stale', (state) => {
    const purchase = states[state]!();
    expect(purchase.payment.state).toBe(state);
    for (const reply of [
      anAnswer,
      aParkedReply,
      (to: { lastRequestId: string }) => aRejection(to, 'NOT_ENOUGH_BALANCE'),
    ]) {
      const { payment, reservation, effects } = at(30)(purchase, reply({ lastRequestId: id('message', 99) }));
      expect(effects).toEqual([{ kind: 'stale' }]);
      expect(payment).toBe(purchase.payment);
      expect(reservation).toBe(purchase.reservation);
    }
  });

  it('is every second delivery of one that was', () => {
    let purchase: Purchase = aBegunPayment();
    for (let step = 0; step < 3; step += 1) {
      const reply = anAnswer(purchase.payment);
      const moved = at(1)(purchase, reply);
      expect(kinds(at(1)(moved, reply))).toEqual(['stale']);
      purchase = moved;
    }
    expect(purchase.payment.state).toBe('COMPLETED');
  });

  it('is the late answer of the debit once the refund is asked for', () => {
    const begun = aBegunPayment();
    const turned = at(60)(begun, aCheck());
    expect(asked(turned)).toEqual(['refund']);
    expect(kinds(at(61)(turned, anAnswer(begun.payment)))).toEqual(['stale']);
  });

  it('is the late answer of the confirmation once it is asked about: the answer to that decides', () => {
    const debited = aDebitedPayment();
    const doubtful = at(60)(debited, aCheck());
    expect(kinds(at(61)(doubtful, anAnswer(debited.payment)))).toEqual(['stale']);
    expect(kinds(at(61)(doubtful, aRejection(debited.payment, 'EXPIRED_RESERVATION')))).toEqual(['stale']);
  });
});

describe('a look at a payment', () => {
  it('does nothing before the repeat is due', () => {
    const begun = aBegunPayment();
    const looked = at(4.999)(begun, aCheck());
    expect(looked.effects).toEqual([]);
    expect(looked.payment).toEqual(begun.payment);
  });

  it('repeats the same command with the same id, later each time', () => {
    const begun = aBegunPayment();
    const first = at(5)(begun, aCheck());
    expect(first.effects).toEqual([{ kind: 'request', action: 'debit', id: begun.payment.lastRequestId }]);
    expect(first.payment).toMatchObject({ attempts: 2, nextCheckAt: secondsAfterNoon(15) });
    expect(at(14.999)(first, aCheck()).effects).toEqual([]);
    const second = at(15)(first, aCheck());
    expect(second.effects).toEqual(first.effects);
    expect(second.payment).toMatchObject({ attempts: 3, nextCheckAt: secondsAfterNoon(35) });
    expect(whatHappened(second)).toEqual(['PAYMENT_STARTED']);
  });

  it('turns back at the deadline when the confirmation never went out', () => {
    const begun = aBegunPayment();
    expect(
      at(59.999)({ ...begun, payment: { ...begun.payment, stepSentAt: secondsAfterNoon(59) } }, aCheck()).effects,
    ).toEqual([]);
    const turned = at(60)(begun, aCheck());
    expect([turned.payment.state, asked(turned)]).toEqual(['REFUNDING', ['refund']]);
    expect(turned.payment.lastRequestId).not.toBe(begun.payment.lastRequestId);
    const compensated = at(61)(turned, anAnswer(turned.payment, { moved: 0 }));
    expect([compensated.payment.state, compensated.reservation.status]).toEqual(['COMPENSATED', 'EXPIRED']);
    expect(whatHappened(compensated)).toEqual(['PAYMENT_STARTED', 'DEADLINE_PASSED', 'REFUNDED']);
  });

  it('never refunds a confirmation in doubt: it asks, goes forward if it stood, back if it did not', () => {
    const doubtful = inDoubt();
    expect([doubtful.payment.state, asked(doubtful)]).toEqual(['REVOKING', ['revokeConfirm']]);

    const stood = at(61)(doubtful, anAnswer(doubtful.payment, { confirmed: true }));
    expect([stood.payment.state, stood.reservation.status, asked(stood)]).toEqual([
      'EXPIRING_TOKEN',
      'CONFIRMED',
      ['expireToken'],
    ]);

    const revoked = at(61)(doubtful, anAnswer(doubtful.payment, { confirmed: false }));
    expect([revoked.payment.state, asked(revoked)]).toEqual(['REFUNDING', ['refund']]);
    const compensated = at(62)(revoked, anAnswer(revoked.payment, { moved: 3_000 }));
    expect([compensated.payment.state, compensated.reservation.status]).toEqual(['COMPENSATED', 'EXPIRED']);
    expect(compensated.payment.failure?.code).toBe('EXPIRED_RESERVATION');
  });

  it('fails on an answer about the confirmation that does not say', () => {
    const doubtful = inDoubt();
    expect(() => at(61)(doubtful, anAnswer(doubtful.payment, {}))).toThrow('does not say');
  });

  it('repeats what it asked while turning back, until the grace is over', () => {
    const turned = refundAwaited();
    const repeated = at(65)(turned, aCheck());
    expect(repeated.effects).toEqual([{ kind: 'request', action: 'refund', id: turned.payment.lastRequestId }]);
    const stuck = at(120)(repeated, aCheck());
    expect(stuck.payment).toMatchObject({ state: 'REFUNDING', nextCheckAt: null, finishedAt: null });
    expect(stuck.payment.stuckReason).toBe('no answer to refund within the deadline and its grace');
    expect(kinds(stuck)).toEqual(['stuck']);
    expect(paymentStatus(stuck.payment)).toBe('PROCESSING');
    expect(at(10_000)(stuck, aCheck()).effects).toEqual([]);
  });

  it('turns back first when nobody looked until the grace was over', () => {
    expect(asked(at(1_000)(aBegunPayment(), aCheck()))).toEqual(['refund']);
    expect(asked(at(1_000)(aDebitedPayment(), aCheck()))).toEqual(['revokeConfirm']);
  });

  it('repeats the spending of the token for ever and never turns back', () => {
    let purchase: Purchase = aConfirmedPayment();
    const { lastRequestId } = purchase.payment;
    for (const seconds of [5, 15, 35, 75, 155, 315, 615, 915, 100_000]) {
      const looked = at(seconds)(purchase, aCheck());
      expect(looked.effects).toEqual([{ kind: 'request', action: 'expireToken', id: lastRequestId }]);
      purchase = looked;
    }
    expect(purchase.payment).toMatchObject({ state: 'EXPIRING_TOKEN', stuckReason: null });
  });

  it('at a finished payment does nothing', () => {
    const confirmed = aConfirmedPayment();
    const completed = at(1)(confirmed, anAnswer(confirmed.payment));
    expect(at(10_000)(completed, aCheck())).toEqual({ ...completed, effects: [] });
  });
});

describe('a stuck payment', () => {
  it('is one whose request lies in the dead letters of another service', () => {
    for (const purchase of [aBegunPayment(), aDebitedPayment(), inDoubt(), refundAwaited(), aConfirmedPayment()]) {
      const stuck = at(61)(purchase, aParkedReply(purchase.payment));
      expect(kinds(stuck)).toEqual(['stuck']);
      expect(stuck.payment).toMatchObject({ state: purchase.payment.state, stuckReason: 'fault', nextCheckAt: null });
      expect(whatHappened(stuck).at(-1)).toBe('WAITS_FOR_OPERATOR');
      expect(at(10_000)(stuck, aCheck()).effects).toEqual([]);
      expect(kinds(at(62)(stuck, aParkedReply(stuck.payment)))).toEqual(['stale']);
    }
  });

  it('is moved on by the late answer to the request it awaits', () => {
    const begun = aBegunPayment();
    const stuck = at(1)(begun, aParkedReply(begun.payment));
    const moved = at(5_000)(stuck, anAnswer(begun.payment));
    expect(moved.payment).toMatchObject({
      state: 'CONFIRMING',
      stuckReason: null,
      nextCheckAt: secondsAfterNoon(5_005),
    });
    expect(asked(moved)).toEqual(['confirmSeats']);
  });

  it('is one whose refund or revocation is refused, which cannot be', () => {
    for (const purchase of [inDoubt(), refundAwaited()]) {
      const stuck = at(61)(purchase, aRejection(purchase.payment, 'INVALID_REQUEST'));
      expect(stuck.payment.stuckReason).toMatch(/was refused with INVALID_REQUEST/);
      expect(stuck.reservation.status).toBe('PAYING');
      expect(at(62)(stuck, aRejection(purchase.payment, 'INVALID_REQUEST')).effects).toEqual([]);
    }
  });
});
