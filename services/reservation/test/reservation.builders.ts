import type { Cancellation } from '../src/domain/cancellation-saga.js';
import type { Moment } from '../src/domain/effects.js';
import type { Payment } from '../src/domain/payment.js';
import { begin, decide, type Purchase } from '../src/domain/payment-saga.js';
import { beginCancellation } from '../src/domain/cancellation-saga.js';
import type { Reservation } from '../src/domain/reservation.js';
import type { SagaReply } from '../src/domain/saga-message.js';
import type { Waiter } from '../src/domain/waiters.js';

/** A UUID that is easy to tell apart in a failure: `id('pay', 1)` ends in the number, begins with the kind. */
const kinds = { reservation: 1, payment: 2, concert: 3, schedule: 4, seat: 5, token: 6, message: 7, new: 8 } as const;
export const id = (kind: keyof typeof kinds, number = 1): string =>
  `0198c0de-000${kinds[kind]}-7000-8000-${number.toString(16).padStart(12, '0')}`;

export const noon = new Date('2026-11-23T12:00:00.000Z');
export const secondsAfterNoon = (seconds: number): Date => new Date(noon.getTime() + seconds * 1000);

/** Holds last five minutes, payments have one. */
export const HOLD_SECONDS = 300;
export const DEADLINE_SECONDS = 60;

let drawn = 0;
/** Fresh ids in the order they are drawn. */
export const newId = (): string => id('new', (drawn += 1));

export const aMoment = (now = noon, messageId = id('message')): Moment => ({ now, messageId, newId });

export const aWaiter = (correlationId = 'request-1', messageId = id('message')): Waiter => ({
  replyTo: 'gateway.replies/3/gateway-1',
  correlationId,
  messageId,
});

/** Held at noon by ada, two seats. */
export const aHeldReservation = (given: Partial<Reservation> = {}): Reservation => ({
  reservationId: id('reservation'),
  userId: 'ada',
  status: 'WAITING',
  concertId: id('concert'),
  title: 'Winter Tour',
  venue: null,
  scheduleId: id('schedule'),
  startsAt: new Date('2026-12-24T10:00:00.000Z'),
  timeZone: 'Asia/Seoul',
  seats: [
    { seatId: id('seat', 1), section: 'A', row: '1', number: 1, price: 1_000 },
    { seatId: id('seat', 2), section: 'A', row: '1', number: 2, price: 2_000 },
  ],
  amount: 3_000n,
  currency: 'KRW',
  expiresAt: secondsAfterNoon(HOLD_SECONDS),
  createdAt: noon,
  paymentId: null,
  paidAt: null,
  cancelledAt: null,
  refundedAmount: 0n,
  ...given,
});

export const aPlace = { concertId: id('concert'), generation: 1, queueNumber: 7, tokenId: id('token') };

/** A payment just begun, awaiting the debit. */
export function aBegunPayment(
  given: {
    reservation?: Reservation;
    paymentId?: string;
    startMessageId?: string;
    now?: Date;
    waiter?: Waiter | null;
  } = {},
): Purchase {
  const { now = noon, startMessageId = id('message'), waiter = aWaiter('request-1', startMessageId) } = given;
  const attempt = {
    paymentId: given.paymentId ?? id('payment'),
    place: aPlace,
    correlationId: 'trail-1',
    waiter,
    deadlineSeconds: DEADLINE_SECONDS,
  };
  const { payment, reservation } = begin(
    given.reservation ?? aHeldReservation(),
    attempt,
    aMoment(now, startMessageId),
  );
  return { payment, reservation };
}

export const anAnswer = (
  to: { lastRequestId: string | null },
  body: Record<string, unknown> = {},
  messageId = newId(),
): SagaReply => ({ kind: 'answered', id: messageId, inReplyTo: to.lastRequestId ?? 'nothing', body });

export const aRejection = (
  to: { lastRequestId: string | null },
  code: Extract<SagaReply, { kind: 'rejected' }>['rejection']['code'],
  members: Record<string, unknown> = {},
): SagaReply => ({
  kind: 'rejected',
  id: newId(),
  inReplyTo: to.lastRequestId ?? 'nothing',
  rejection: { code, detail: 'No.', members },
});

export const aParkedReply = (to: { lastRequestId: string | null }): SagaReply => ({
  kind: 'parked',
  id: newId(),
  inReplyTo: to.lastRequestId ?? 'nothing',
  reason: 'fault',
});

export const aCheck = () => ({ kind: 'check', id: newId() }) as const;

/** Debited, and awaiting the confirmation of its seats. */
export function aDebitedPayment(now = noon): Purchase {
  const begun = aBegunPayment({ now });
  return decide(begun, anAnswer(begun.payment), now, newId);
}

/** Confirmed and told to the client; the token is being expired. */
export function aConfirmedPayment(now = noon): Purchase {
  const debited = aDebitedPayment(now);
  return decide(debited, anAnswer(debited.payment), now, newId);
}

/** A paid reservation that its user gives back; the refund is awaited. */
export function aBegunCancellation(now = noon): {
  cancellation: Cancellation;
  reservation: Reservation;
  payment: Payment;
} {
  const { payment, reservation } = aConfirmedPayment(now);
  const request = {
    correlationId: 'trail-2',
    waiter: aWaiter('request-2'),
    deadlineSeconds: DEADLINE_SECONDS,
  };
  return { payment, ...beginCancellation(reservation, request, aMoment(now)) };
}
