import { describe, expect, it } from '@jest/globals';
import { aHeldReservation, id, noon, secondsAfterNoon } from '../../test/reservation.builders.js';
import { type ReservationStatus, reservationStatuses } from './reservation.js';
import { cancelRules, firstRefusal, ownReservation, paymentRules } from './reservation-rules.js';

const end = secondsAfterNoon(10);
const here = { tokenConcertId: id('concert') };
const refusalToPay = (status: ReservationStatus, now = noon, request = here) =>
  firstRefusal(
    paymentRules,
    aHeldReservation({ status, expiresAt: end, paymentId: status === 'PAYING' ? id('payment') : null }),
    request,
    now,
  );
const refusalToCancel = (status: ReservationStatus, now = noon) =>
  firstRefusal(cancelRules, aHeldReservation({ status, expiresAt: end }), undefined, now)?.code;

describe('paying a reservation', () => {
  it("is nobody's but its user's", () => {
    const reservation = aHeldReservation({ userId: 'ada' });
    expect(ownReservation(reservation, 'ada')).toBe(reservation);
    expect(ownReservation(reservation, 'bob')).toBeUndefined();
    expect(ownReservation(undefined, 'ada')).toBeUndefined();
  });

  it.each(reservationStatuses)('takes a token of its own concert only, when it is %s', (status) => {
    expect(refusalToPay(status, noon, { tokenConcertId: id('concert', 2) })).toMatchObject({
      code: 'INVALID_TOKEN',
      members: { reason: 'INVALID' },
    });
  });

  it('is allowed while it waits, and answered again once it is confirmed', () => {
    expect(refusalToPay('WAITING', secondsAfterNoon(9.999))).toBeNull();
    expect(refusalToPay('CONFIRMED', secondsAfterNoon(1_000))).toBeNull();
  });

  it('is refused while another payment runs, which is named', () => {
    expect(refusalToPay('PAYING')).toMatchObject({
      code: 'PAYMENT_IN_PROGRESS',
      members: { paymentId: id('payment') },
    });
  });

  it.each(['CANCELLING', 'CANCELLED'] as const)('is refused when it is %s', (status) => {
    expect(refusalToPay(status)?.code).toBe('RESERVATION_NOT_PAYABLE');
  });

  it('is refused from the end of the hold on, swept or not', () => {
    expect(refusalToPay('WAITING', end)).toMatchObject({ code: 'EXPIRED_RESERVATION', members: { paymentId: null } });
    expect(refusalToPay('EXPIRED', noon)).toMatchObject({ code: 'EXPIRED_RESERVATION', members: { paymentId: null } });
  });
});

describe('cancelling a reservation', () => {
  it('is allowed while it waits, when it is paid, and again when it is cancelled', () => {
    expect(refusalToCancel('WAITING', secondsAfterNoon(9.999))).toBeUndefined();
    for (const status of ['CONFIRMED', 'CANCELLING', 'CANCELLED'] as const) {
      expect(refusalToCancel(status, secondsAfterNoon(1_000))).toBeUndefined();
    }
  });

  it('is refused while it is being paid, and from the end of its hold on', () => {
    expect(refusalToCancel('PAYING')).toBe('RESERVATION_NOT_CANCELLABLE');
    expect(refusalToCancel('EXPIRED')).toBe('RESERVATION_NOT_CANCELLABLE');
    expect(refusalToCancel('WAITING', end)).toBe('RESERVATION_NOT_CANCELLABLE');
  });
});
