import { type Reservation, shownStatus } from './reservation.js';

/**
 * The reservation as the public API shows it. `expiresInSeconds` is rounded up, so that it is 0 only when the time is over;
 * it is 0 as well once nothing can expire any more.
 */
export function reservationBody(reservation: Reservation, now: Date): Record<string, unknown> {
  return {
    reservationId: reservation.reservationId,
    status: shownStatus(reservation, now),
    concertId: reservation.concertId,
    title: reservation.title,
    venue: reservation.venue,
    scheduleId: reservation.scheduleId,
    startsAt: reservation.startsAt.toISOString(),
    timeZone: reservation.timeZone,
    seats: reservation.seats.map(({ seatId, section, row, number, price }) => ({
      seatId,
      section,
      row,
      number,
      price,
    })),
    amount: Number(reservation.amount),
    currency: reservation.currency,
    expiresAt: reservation.expiresAt.toISOString(),
    expiresInSeconds: secondsLeft(reservation, now),
    createdAt: reservation.createdAt.toISOString(),
    paidAt: reservation.paidAt?.toISOString() ?? null,
    paymentId: reservation.paymentId,
    cancelledAt: reservation.cancelledAt?.toISOString() ?? null,
    refundedAmount: Number(reservation.refundedAmount),
  };
}

function secondsLeft({ status, expiresAt }: Reservation, now: Date): number {
  const canStillExpire = status === 'WAITING' || status === 'PAYING';
  return canStillExpire ? Math.max(0, Math.ceil((expiresAt.getTime() - now.getTime()) / 1000)) : 0;
}
