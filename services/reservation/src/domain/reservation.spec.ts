import { describe, expect, it } from '@jest/globals';
import { aHeldReservation, id, noon, secondsAfterNoon } from '../../test/reservation.builders.js';
import {
  beginCancelling,
  cancelUnpaid,
  confirm,
  expire,
  finishCancelling,
  giveBack,
  ImpossibleMove,
  type Reservation,
  reservationStatuses,
  reservationTransitions,
  reserve,
  shownStatus,
  takeForPayment,
} from './reservation.js';

const beforeTheEnd = noon;
const moves: Record<string, { to: string; by: (reservation: Reservation) => Reservation }> = {
  takeForPayment: { to: 'PAYING', by: (reservation) => takeForPayment(reservation, id('payment')) },
  confirm: { to: 'CONFIRMED', by: (reservation) => confirm(reservation, noon) },
  expire: { to: 'EXPIRED', by: expire },
  giveBack: { to: 'WAITING', by: (reservation) => giveBack(reservation, beforeTheEnd) },
  cancelUnpaid: { to: 'CANCELLED', by: (reservation) => cancelUnpaid(reservation, noon) },
  beginCancelling: { to: 'CANCELLING', by: beginCancelling },
  finishCancelling: { to: 'CANCELLED', by: (reservation) => finishCancelling(reservation, noon) },
};

describe('a reservation', () => {
  it('moves only as its transition table says', () => {
    expect(reservationTransitions).toEqual({
      WAITING: ['PAYING', 'EXPIRED', 'CANCELLED'],
      PAYING: ['WAITING', 'CONFIRMED', 'EXPIRED'],
      CONFIRMED: ['CANCELLING'],
      CANCELLING: ['CANCELLED'],
      EXPIRED: [],
      CANCELLED: [],
    });
  });

  const pairs = reservationStatuses.flatMap((from) =>
    Object.entries(moves).map(([name, { to, by }]) => ({ from, name, to, by })),
  );
  it.each(pairs)('$from: $name leads to $to or throws', ({ from, to, by }) => {
    const reservation = aHeldReservation({ status: from });
    if (reservationTransitions[from].some((status) => status === to)) expect(by(reservation).status).toBe(to);
    else expect(() => by(reservation)).toThrow(ImpossibleMove);
  });

  it('is made of the facts of its hold', () => {
    const held = {
      reservationId: id('reservation'),
      userId: 'ada',
      concertId: id('concert'),
      title: 'Winter Tour',
      venue: null,
      scheduleId: id('schedule'),
      startsAt: '2026-12-24T10:00:00.000Z',
      timeZone: 'Asia/Seoul',
      seats: [...aHeldReservation().seats],
      amount: 3_000,
      currency: 'KRW',
      heldAt: '2026-11-23T12:00:00.000Z',
      heldUntil: '2026-11-23T12:05:00.000Z',
    };
    expect(reserve(held)).toEqual(aHeldReservation());
  });

  it('that a refused payment gives back waits until its original end, and is expired from then on', () => {
    const paying = takeForPayment(aHeldReservation({ expiresAt: secondsAfterNoon(10) }), id('payment'));
    expect(giveBack(paying, secondsAfterNoon(9.999))).toMatchObject({
      status: 'WAITING',
      expiresAt: secondsAfterNoon(10),
      paymentId: id('payment'),
    });
    expect(giveBack(paying, secondsAfterNoon(10)).status).toBe('EXPIRED');
  });

  it('reads EXPIRED from its end on, swept or not, unless somebody has taken it', () => {
    const waiting = aHeldReservation({ expiresAt: secondsAfterNoon(10) });
    expect(shownStatus(waiting, secondsAfterNoon(9.999))).toBe('WAITING');
    expect(shownStatus(waiting, secondsAfterNoon(10))).toBe('EXPIRED');
    for (const status of reservationStatuses.filter((other) => other !== 'WAITING')) {
      expect(shownStatus({ ...waiting, status }, secondsAfterNoon(10))).toBe(status);
    }
  });
});
