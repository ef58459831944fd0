import { concert, queue, reservation, wallet } from '#contracts';
import type { Decision, Outgoing } from '#messaging';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { aContext, aMessage, aReply, sentAs } from '../../test/message.builders.js';
import { aHeldReservation, aPlace, id, secondsAfterNoon } from '../../test/reservation.builders.js';
import { Purchases } from './purchases.js';
import { type ReservationCommand, ReservationCommands } from './reservation-commands.handler.js';
import { SagaReplies } from './saga-replies.handler.js';

const commands = new ReservationCommands(undefined as never, { PAYMENT_DEADLINE_SECONDS: 60 } as never);
const replies = new SagaReplies(undefined as never);
const [reservationId, paymentId] = [id('reservation'), id('payment')];

let purchases: Purchases;
let sent: Outgoing[];
beforeAll(() => Logger.overrideLogger(false));
beforeEach(() => {
  purchases = new Purchases({ reservations: [aHeldReservation()] });
  sent = [];
});

function noted(decision: Decision): Decision {
  sent.push(...(decision.send ?? []));
  return decision;
}
const on = (command: object) =>
  noted(commands.decide(purchases, command as ReservationCommand, aContext(secondsAfterNoon(1))));
const last = (contract: Parameters<typeof sentAs>[0]) => sentAs(contract, sent.toReversed());
const replied = (contract: Parameters<typeof sentAs>[0], body = {}) =>
  noted(replies.decide(purchases, aReply(last(contract), body), aContext(secondsAfterNoon(2))));
const parked = (contract: Parameters<typeof sentAs>[0]) => {
  const reply = { ...aReply(last(contract)), type: 'reply.Parked.v1', payload: { reason: 'fault' } } as const;
  noted(replies.decide(purchases, reply, aContext(secondsAfterNoon(2))));
};
const operation = { reservationId, paymentId, operator: 'olga', reason: 'It is back.' };
const retry = (given = {}) => on(aMessage(reservation.retryPayment, { ...operation, ...given })).outcome;
const compensate = () => on(aMessage(reservation.compensatePayment, operation)).outcome;
const start = () => on(aMessage(reservation.startPayment, { reservationId, paymentId, userId: 'ada', place: aPlace }));
const cancel = () => on(aMessage(reservation.cancelReservation, { reservationId, userId: 'ada' }));

describe('an operator who acts on a payment', () => {
  it('is answered with the payment as it is after that, and its request is out again', () => {
    start();
    const first = last(wallet.debit);
    parked(wallet.debit);
    expect(retry()).toMatchObject({
      kind: 'answered',
      body: { paymentId, reservationId, userId: 'ada', status: 'PROCESSING', state: 'DEBITING', stuckReason: null },
    });
    expect(last(wallet.debit)!.payload).toEqual(first!.payload);
    expect(last(wallet.debit)!.id).not.toBe(first!.id);
    expect(replied(wallet.debit).send?.map(({ contract }) => contract)).toEqual([concert.confirmSeats]);
  });

  it('and compensates it sees it turn back', () => {
    start();
    parked(wallet.debit);
    expect(compensate()).toMatchObject({ kind: 'answered', body: { status: 'PROCESSING', state: 'REFUNDING' } });
    expect(compensate()).toMatchObject({ code: 'PAYMENT_NOT_STUCK', members: { paymentStatus: 'PROCESSING' } });
    expect(sent.filter(({ contract }) => contract === wallet.refund)).toHaveLength(1);
  });

  it('finds none that is unknown, or another reservation’s', () => {
    start();
    parked(wallet.debit);
    const before = sent.length;
    expect(retry({ paymentId: id('payment', 2) })).toMatchObject({ code: 'PAYMENT_NOT_FOUND' });
    expect(retry({ reservationId: id('reservation', 2) })).toMatchObject({ code: 'PAYMENT_NOT_FOUND' });
    expect(sent).toHaveLength(before);
  });

  it('has its cancellation go on, which its timeline tells; there is no way back', () => {
    start();
    replied(wallet.debit);
    replied(concert.confirmSeats);
    cancel();
    parked(wallet.refund);
    const first = last(wallet.refund);
    expect(compensate()).toMatchObject({ code: 'PAYMENT_NOT_COMPENSABLE' });
    expect(retry()).toMatchObject({
      kind: 'answered',
      body: { status: 'COMPLETED', cancellation: { state: 'REFUNDING', stuckReason: null, attempts: 1 } },
    });
    expect(last(wallet.refund)!.id).not.toBe(first!.id);
    expect(purchases.payments.get(paymentId)?.timeline.at(-1)).toMatchObject({ event: 'RETRIED_BY_OPERATOR' });
    replied(wallet.refund, { moved: 3_000 });
    replied(concert.cancelSeats);
    expect(purchases.reservations.get(reservationId)?.status).toBe('CANCELLED');
  });

  it('has both sagas of a payment go on with one act, which its timeline tells once', () => {
    start();
    replied(wallet.debit);
    replied(concert.confirmSeats);
    cancel();
    parked(queue.expireToken);
    parked(wallet.refund);
    sent = [];
    expect(retry()).toMatchObject({ kind: 'answered' });
    expect(sent.map(({ contract }) => contract)).toEqual([queue.expireToken, wallet.refund]);
    const retried = purchases.payments.get(paymentId)!.timeline.filter(({ event }) => event === 'RETRIED_BY_OPERATOR');
    expect(retried).toHaveLength(1);
  });
});
