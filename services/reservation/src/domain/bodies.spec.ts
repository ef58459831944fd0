import { describe, expect, it } from '@jest/globals';
import {
  aBegunCancellation,
  aBegunPayment,
  aConfirmedPayment,
  aDebitedPayment,
  aHeldReservation,
  aRejection,
  id,
  newId,
  noon,
  secondsAfterNoon,
} from '../../test/reservation.builders.js';
import { operatorPaymentBody } from './operator-payment-body.js';
import { paymentBody } from './payment-body.js';
import { decide } from './payment-saga.js';
import { reservationBody } from './reservation-body.js';

describe('a reservation as the public API shows it', () => {
  it('has every member of the contract, and no other', () => {
    expect(reservationBody(aHeldReservation(), secondsAfterNoon(0.5))).toEqual({
      reservationId: id('reservation'),
      status: 'WAITING',
      concertId: id('concert'),
      title: 'Winter Tour',
      venue: null,
      scheduleId: id('schedule'),
      startsAt: '2026-12-24T10:00:00.000Z',
      timeZone: 'Asia/Seoul',
      seats: [
        { seatId: id('seat', 1), section: 'A', row: '1', number: 1, price: 1_000 },
        { seatId: id('seat', 2), section: 'A', row: '1', number: 2, price: 2_000 },
      ],
      amount: 3_000,
      currency: 'KRW',
      expiresAt: '2026-11-23T12:05:00.000Z',
      expiresInSeconds: 300,
      createdAt: '2026-11-23T12:00:00.000Z',
      paidAt: null,
      paymentId: null,
      cancelledAt: null,
      refundedAmount: 0,
    });
  });

  it('counts its seconds down to 0, which it shows only when the time is over', () => {
    const left = (now: Date, status = aHeldReservation().status) =>
      reservationBody(aHeldReservation({ status }), now).expiresInSeconds;
    expect(
      [noon, secondsAfterNoon(299.9), secondsAfterNoon(300), secondsAfterNoon(900)].map((now) => left(now)),
    ).toEqual([300, 1, 0, 0]);
    expect([left(noon, 'PAYING'), left(noon, 'CONFIRMED'), left(noon, 'CANCELLED')]).toEqual([300, 0, 0]);
  });

  it('reads EXPIRED past its end', () => {
    expect(reservationBody(aHeldReservation(), secondsAfterNoon(300)).status).toBe('EXPIRED');
  });
});

describe('a payment as the public API shows it', () => {
  it('is COMPLETED with its time and its timeline once the seats are confirmed', () => {
    const { payment } = aConfirmedPayment(secondsAfterNoon(1));
    const at = '2026-11-23T12:00:01.000Z';
    expect(paymentBody(payment)).toEqual({
      paymentId: id('payment'),
      reservationId: id('reservation'),
      status: 'COMPLETED',
      amount: 3_000,
      currency: 'KRW',
      paidAt: at,
      failure: null,
      timeline: [
        { at, state: 'DEBITING', event: 'PAYMENT_STARTED' },
        { at, state: 'CONFIRMING', event: 'WALLET_DEBITED' },
        { at, state: 'EXPIRING_TOKEN', event: 'SEATS_CONFIRMED' },
      ],
    });
  });

  it('is PROCESSING before that', () => {
    expect(paymentBody(aBegunPayment().payment)).toMatchObject({ status: 'PROCESSING', paidAt: null, failure: null });
    expect(paymentBody(aDebitedPayment().payment)).toMatchObject({ status: 'PROCESSING', paidAt: null, failure: null });
  });

  it('names its failure, without what only the rejection shows', () => {
    const begun = aBegunPayment();
    const { payment } = decide(begun, aRejection(begun.payment, 'NOT_ENOUGH_BALANCE', { balance: 1 }), noon, newId);
    expect(paymentBody(payment)).toMatchObject({
      status: 'REJECTED',
      failure: { code: 'NOT_ENOUGH_BALANCE', detail: 'No.' },
    });
    expect(Object.keys(paymentBody(payment).failure as object)).toEqual(['code', 'detail']);
  });
});

describe('a payment as the public API shows it to operators', () => {
  const { payment } = aBegunPayment();

  it('is its owner’s, with what its saga waits for', () => {
    const body = operatorPaymentBody({ payment, cancellation: null });
    expect(body).toEqual({
      ...paymentBody(payment),
      userId: 'ada',
      state: 'DEBITING',
      stuckReason: null,
      attempts: 1,
      deadlineAt: '2026-11-23T12:01:00.000Z',
      createdAt: '2026-11-23T12:00:00.000Z',
      cancellation: null,
    });
  });

  it('is STUCK while it, or its cancellation, waits for an operator; its owner sees what is decided', () => {
    const stuck = { payment: { ...payment, stuckReason: 'fault' }, cancellation: null };
    expect([operatorPaymentBody(stuck).status, paymentBody(stuck.payment).status]).toEqual(['STUCK', 'PROCESSING']);
    const { cancellation, payment: paid } = aBegunCancellation();
    expect(operatorPaymentBody({ payment: paid, cancellation }).status).toBe('COMPLETED');
    expect(
      operatorPaymentBody({ payment: paid, cancellation: { ...cancellation, stuckReason: 'fault' } }),
    ).toMatchObject({
      status: 'STUCK',
      stuckReason: null,
      cancellation: { state: 'REFUNDING', stuckReason: 'fault', attempts: 1 },
    });
  });
});
