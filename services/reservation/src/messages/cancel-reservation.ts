import { concert, type reservation as reservationMessages } from '#contracts';
import { answer, type Context, type Decision, forward, type Message, open, type Outcome, reject } from '#messaging';
import { beginCancellation } from '../domain/cancellation-saga.js';
import { cancelUnpaid, type Reservation } from '../domain/reservation.js';
import { reservationBody } from '../domain/reservation-body.js';
import { cancelRules, firstRefusal, ownReservation, reservationNotFound } from '../domain/reservation-rules.js';
import { withWaiter } from '../domain/waiters.js';
import { reservationEnded } from './outgoing.js';
import type { Purchases } from './purchases.js';
import { applyCancellation } from './sagas.js';

export type CancelReservation = Message<typeof reservationMessages.cancelReservation>;

/**
 * Cancels a reservation. Of an unpaid one the concert service releases the seats and our own SeatsReleased handler answers;
 * a paid one begins the cancellation saga, which answers when the seats are free.
 */
export function decideCancel(
  purchases: Purchases,
  message: CancelReservation,
  context: Context,
  deadlineSeconds: number,
): Decision {
  const { now } = context;
  const reservation = ownReservation(purchases.reservations.get(message.payload.reservationId), message.payload.userId);
  if (!reservation) return { outcome: reject(reservationNotFound) };
  const refusal = firstRefusal(cancelRules, reservation, undefined, now);
  if (refusal) return { outcome: reject(refusal) };
  switch (reservation.status) {
    case 'CONFIRMED': {
      const request = { correlationId: message.correlationId, waiter: message.asker, deadlineSeconds };
      const moment = { now, messageId: message.id, newId: () => context.newId() };
      return applyCancellation(purchases, beginCancellation(reservation, request, moment), now, open);
    }
    case 'CANCELLING':
      return waitForCancellation(purchases, message);
    case 'CANCELLED':
      // A paid one has its seats free before it is CANCELLED; of an unpaid one the release may still be on its way.
      if (reservation.paidAt) return { outcome: answer(reservationBody(reservation, now)) };
      return { outcome: releaseThenAnswer(reservation, context) };
    default: {
      const cancelled = cancelUnpaid(reservation, now);
      purchases.reservations.put(cancelled);
      const ended = reservationEnded(context.newId(), cancelled, now, message.correlationId);
      return { outcome: releaseThenAnswer(cancelled, context), send: [ended] };
    }
  }
}

/** The asker travels to the concert service and back: with SeatsReleased the seats are free, and it is answered. */
function releaseThenAnswer({ scheduleId, reservationId }: Reservation, context: Context): Outcome {
  return forward(concert.releaseHold, context.newId(), { scheduleId, reservationId, reason: 'CANCELLED' });
}

function waitForCancellation(purchases: Purchases, message: CancelReservation): Decision {
  const cancellation = purchases.cancellations.get(message.payload.reservationId);
  if (!cancellation) throw new Error(`the cancellation of ${message.payload.reservationId} is missing`);
  purchases.cancellations.put({ ...cancellation, waiters: withWaiter(cancellation.waiters, message.asker) });
  return { outcome: open };
}
