import { concert, type reservation as reservationMessages } from '#contracts';
import { type Context, type Decision, done, type Message, send } from '#messaging';
import { expire, isPastItsEnd } from '../domain/reservation.js';
import { reservationEnded } from './outgoing.js';
import type { Purchases } from './purchases.js';

export type ExpireReservation = Message<typeof reservationMessages.expireReservation>;

/** What the sweep found may have been paid or cancelled since: only one still WAITING past its end expires. */
export function decideExpiry(purchases: Purchases, message: ExpireReservation, context: Context): Decision {
  const reservation = purchases.reservations.get(message.payload.reservationId);
  if (!reservation || !isPastItsEnd(reservation, context.now)) return { outcome: done };
  const expired = expire(reservation);
  purchases.reservations.put(expired);
  const { scheduleId, reservationId } = expired;
  return {
    outcome: done,
    send: [
      send(concert.releaseHold, context.newId(), { scheduleId, reservationId, reason: 'EXPIRED' }),
      reservationEnded(context.newId(), expired, context.now, message.correlationId),
    ],
  };
}
