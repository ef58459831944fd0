import { concert, type PlaceReference, queue, reservation as reservationMessages, topics, wallet } from '#contracts';
import { type Answer, answer, type Decision, type Outgoing, reject, replyAddress, send } from '#messaging';
import type { CancellationAction, Effect, PaymentAction } from '../domain/effects.js';
import { type Payment, paymentStatus } from '../domain/payment.js';
import { paymentBody } from '../domain/payment-body.js';
import type { Reservation } from '../domain/reservation.js';
import { countStale, countStuck } from './saga-metrics.js';

/** Who and what a saga's messages speak of. */
export interface Parties {
  readonly reservation: Reservation;
  readonly paymentId: string;
  /** The token to expire; a cancellation spends none. */
  readonly place: PlaceReference | null;
  readonly correlationId: string;
  readonly now: Date;
  /** What those who wait are told. */
  readonly answer: () => Answer;
}

/** The decided payment as its owner is told, each time the same: its body as it was then, or the rejection it ended with. */
export function paymentAnswer(payment: Payment): Answer {
  if (payment.failure) return reject(payment.failure);
  const decided = payment.timeline.findIndex(({ state }) => paymentStatus({ ...payment, state }) === 'COMPLETED');
  return answer(paymentBody({ ...payment, timeline: payment.timeline.slice(0, decided + 1) }));
}

/** A saga's effects as messages and answers. Stale replies and stuck sagas are counted on the way. */
export function carryOut(effects: readonly Effect[], parties: Parties): Pick<Decision, 'send' | 'answers'> {
  const messages: Outgoing[] = [];
  const answers: NonNullable<Decision['answers']>[number][] = [];
  for (const effect of effects) {
    if (effect.kind === 'tell') answers.push(...effect.waiters.map((to) => ({ to, answer: parties.answer() })));
    else if (effect.kind === 'stale') countStale();
    else if (effect.kind === 'stuck') countStuck(parties.paymentId, effect.reason);
    else messages.push(messageOf(effect, parties));
  }
  return { send: messages, answers };
}

type Sent = Exclude<Effect, { kind: 'tell' | 'stale' | 'stuck' }>;

function messageOf(effect: Sent, parties: Parties): Outgoing {
  const { reservation, correlationId } = parties;
  const { reservationId, scheduleId } = reservation;
  switch (effect.kind) {
    case 'request':
      return requests[effect.action](effect.id, parties);
    case 'extendHold': {
      const until = effect.until.toISOString();
      return send(concert.extendHold, effect.id, { scheduleId, reservationId, until }, { correlationId });
    }
    case 'restoreHold': {
      const [extendedTo, until] = [effect.extendedTo.toISOString(), effect.until.toISOString()];
      const payload = { scheduleId, reservationId, extendedTo, until };
      return send(concert.restoreHold, effect.id, payload, { correlationId });
    }
    case 'releaseHold': {
      const { reason } = effect;
      return send(concert.releaseHold, effect.id, { scheduleId, reservationId, reason }, { correlationId });
    }
    case 'reservationConfirmed':
      return send(reservationMessages.reservationConfirmed, effect.id, confirmedFacts(parties), { correlationId });
    case 'reservationEnded':
      return reservationEnded(effect.id, reservation, parties.now, correlationId);
  }
}

/** The event of a reservation that is EXPIRED or CANCELLED. */
export function reservationEnded(id: string, reservation: Reservation, endedAt: Date, correlationId: string): Outgoing {
  const { reservationId, userId, concertId, scheduleId, status, refundedAmount } = reservation;
  if (status !== 'EXPIRED' && status !== 'CANCELLED') throw new Error(`reservation ${reservationId} has not ended`);
  return send(
    reservationMessages.reservationEnded,
    id,
    {
      reservationId,
      userId,
      concertId,
      scheduleId,
      status,
      refundedAmount: Number(refundedAmount),
      endedAt: endedAt.toISOString(),
    },
    { correlationId },
  );
}

function confirmedFacts({ reservation, paymentId, now }: Parties) {
  const { reservationId, userId, concertId, scheduleId, seats, amount, currency, paidAt } = reservation;
  return {
    reservationId,
    paymentId,
    userId,
    concertId,
    scheduleId,
    seatIds: seats.map(({ seatId }) => seatId),
    amount: Number(amount),
    currency,
    paidAt: (paidAt ?? now).toISOString(),
  };
}

/** Each request is made from the saga's rows alone, so that a repeat is the same message. Its reply comes to the payment's partition. */
const requests: Readonly<Record<PaymentAction | CancellationAction, (id: string, parties: Parties) => Outgoing>> = {
  debit: (id, parties) => {
    const { userId, amount } = parties.reservation;
    return send(
      wallet.debit,
      id,
      { paymentId: parties.paymentId, userId, amount: Number(amount) },
      answeredTo(parties),
    );
  },
  refund: (id, parties) => {
    const { userId } = parties.reservation;
    return send(wallet.refund, id, { paymentId: parties.paymentId, userId }, answeredTo(parties));
  },
  confirmSeats: (id, parties) => {
    const seatIds = parties.reservation.seats.map(({ seatId }) => seatId);
    return send(concert.confirmSeats, id, { ...seatsOf(parties), seatIds }, answeredTo(parties));
  },
  revokeConfirm: (id, parties) => send(concert.revokeConfirm, id, seatsOf(parties), answeredTo(parties)),
  cancelSeats: (id, parties) => send(concert.cancelSeats, id, seatsOf(parties), answeredTo(parties)),
  expireToken: (id, parties) => {
    if (!parties.place) throw new Error(`payment ${parties.paymentId} has no token to expire`);
    return send(queue.expireToken, id, { ...parties.place, paymentId: parties.paymentId }, answeredTo(parties));
  },
};

const seatsOf = ({ reservation: { scheduleId, reservationId }, paymentId }: Parties) => ({
  scheduleId,
  reservationId,
  paymentId,
});

const answeredTo = ({ paymentId, correlationId }: Parties) => ({
  replyTo: replyAddress(topics.paymentSagaReplies, paymentId),
  correlationId,
});
