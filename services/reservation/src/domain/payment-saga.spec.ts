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
import { asked, at, inDoubt, kinds, refundAwaited, whatHappened } from '../../test/saga-decisions.js';
import { movePayment, openPaymentStates, paymentStates, paymentStatus, paymentTransitions } from './payment.js';
import { begin, paymentSteps, type Purchase, requestIn } from './payment-saga.js';
import { ImpossibleMove } from './reservation.js';

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
      deadlineSeconds: 60,
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
    expect(rejected.effects).toEqual([
      { kind: 'tell', waiters: begun.payment.waiters },
      {
        kind: 'restoreHold',
        id: expect.any(String),
        extendedTo: begun.payment.deadlineAt,
        until: secondsAfterNoon(10),
      },
    ]);

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
