import { describe, expect, it } from '@jest/globals';
import {
  aBegunPayment,
  aCheck,
  aConfirmedPayment,
  aDebitedPayment,
  anAnswer,
  aParkedReply,
  aRejection,
  secondsAfterNoon,
} from '../../test/reservation.builders.js';
import { asked, at, inDoubt, kinds, refundAwaited, whatHappened } from '../../test/saga-decisions.js';
import { paymentStatus } from './payment.js';
import type { Purchase } from './payment-saga.js';

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
