import { concert, queue, reservation, topics, wallet } from '#contracts';
import { type Decision, type Outgoing, replyAddress } from '#messaging';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { aContext, aMessage, anAsker, aRefusal, aReply, sentAs } from '../../test/message.builders.js';
import { aHeldReservation, aPlace, id, secondsAfterNoon } from '../../test/reservation.builders.js';
import type { Reservation } from '../domain/reservation.js';
import { Purchases } from './purchases.js';
import { type ReservationCommand, ReservationCommands } from './reservation-commands.handler.js';
import { SagaReplies } from './saga-replies.handler.js';

const commands = new ReservationCommands(undefined as never, { PAYMENT_DEADLINE_SECONDS: 60 } as never);
const replies = new SagaReplies(undefined as never);
const reservationId = id('reservation');
const paymentId = id('payment');

let purchases: Purchases;
let sent: Outgoing[];
beforeEach(() => given(aHeldReservation()));

function given(held: Reservation): void {
  purchases = new Purchases({ reservations: [held] });
  sent = [];
}
function noted(decision: Decision): Decision {
  sent.push(...(decision.send ?? []));
  return decision;
}
const on = (command: object, now = secondsAfterNoon(1)) =>
  noted(commands.decide(purchases, command as ReservationCommand, aContext(now)));
const start = (more: { userId?: string; paymentId?: string; place?: typeof aPlace } = {}, options = {}) =>
  aMessage(reservation.startPayment, { reservationId, paymentId, userId: 'ada', place: aPlace, ...more }, options);
const cancel = (userId = 'ada', options = {}) =>
  aMessage(reservation.cancelReservation, { reservationId, userId }, options);
const replied = (contract: Parameters<typeof sentAs>[0], body = {}) =>
  noted(replies.decide(purchases, aReply(sentAs(contract, sent.toReversed()), body), aContext(secondsAfterNoon(2))));
const status = () => purchases.reservations.get(reservationId)?.status;

/** Paid by ada, the token being spent. */
function givenPaid(options = {}): void {
  on(start({}, options));
  replied(wallet.debit);
  replied(concert.confirmSeats);
}

describe('StartPayment', () => {
  it('asks the wallet for the price and keeps the seats; the client waits', () => {
    const message = start();
    const { outcome } = on(message);
    expect(outcome).toEqual({ kind: 'open' });
    expect(sentAs(wallet.debit, sent)).toMatchObject({
      payload: { paymentId, userId: 'ada', amount: 3_000 },
      replyTo: replyAddress(topics.paymentSagaReplies, paymentId),
      correlationId: message.correlationId,
    });
    expect(sentAs(concert.extendHold, sent)).toMatchObject({
      payload: { reservationId, scheduleId: id('schedule'), until: secondsAfterNoon(61).toISOString() },
      replyTo: null,
    });
    expect(purchases.payments.created()).toMatchObject([{ paymentId, startMessageId: message.id }]);
  });

  it("of another user's reservation, or of none, finds none", () => {
    expect(on(start({ userId: 'bob' })).outcome).toMatchObject({ kind: 'rejected', code: 'RESERVATION_NOT_FOUND' });
    purchases = new Purchases({});
    expect(on(start()).outcome).toMatchObject({ code: 'RESERVATION_NOT_FOUND' });
  });

  it('is refused by the first rule that says no, and changes nothing', () => {
    const elsewhere = { ...aPlace, concertId: id('concert', 2) };
    expect(on(start({ place: elsewhere })).outcome).toMatchObject({
      code: 'INVALID_TOKEN',
      members: { reason: 'INVALID' },
    });
    expect(on(start(), secondsAfterNoon(300)).outcome).toMatchObject({ code: 'EXPIRED_RESERVATION' });
    expect([purchases.payments.created(), purchases.reservations.changed(), sent]).toEqual([[], [], []]);
  });

  it('beside a running payment names that one', () => {
    on(start());
    const other = on(start({ paymentId: id('payment', 2) }));
    expect(other.outcome).toMatchObject({ code: 'PAYMENT_IN_PROGRESS', members: { paymentId } });
  });

  it('is answered with the payment once the seats are confirmed, to all who asked', () => {
    const message = start();
    on(message);
    const again = anAsker(message.id);
    expect(on({ ...message, asker: again, repeated: true }).outcome).toEqual({ kind: 'open' });
    replied(wallet.debit);
    const { answers } = replied(concert.confirmSeats);
    expect(answers?.map(({ to }) => to)).toEqual([message.asker, again]);
    expect(answers?.[0]?.answer).toMatchObject({ kind: 'answered', body: { paymentId, status: 'COMPLETED' } });
    expect(sentAs(queue.expireToken, sent)?.payload).toEqual({ ...aPlace, paymentId });
  });

  it('repeated after the decision is answered the same, whether or not anybody waited', () => {
    const message = start({}, { asker: null });
    on(message);
    replied(wallet.debit);
    replied(concert.confirmSeats);
    const asksNow = { ...message, asker: anAsker(message.id), repeated: true };
    const first = on(asksNow).outcome;
    expect(first).toMatchObject({ kind: 'answered', body: { paymentId, status: 'COMPLETED' } });
    expect(first).not.toMatchObject({ body: { alreadyPaid: true } });
    expect(on(asksNow).outcome).toEqual(first);
  });

  it('repeated after a refusal is refused the same, while a new attempt begins anew', () => {
    const message = start();
    on(message);
    const debit = sentAs(wallet.debit, sent);
    const refusal = aRefusal(debit, 'NOT_ENOUGH_BALANCE', { balance: 10, amount: 3_000 });
    const { answers } = replies.decide(purchases, refusal, aContext(secondsAfterNoon(2)));
    const expected = {
      kind: 'rejected',
      code: 'NOT_ENOUGH_BALANCE',
      members: { balance: 10, amount: 3_000, paymentId },
    };
    expect(answers?.[0]?.answer).toMatchObject(expected);
    expect(on({ ...message, repeated: true }).outcome).toMatchObject(expected);
    expect(status()).toBe('WAITING');
    expect(on(start({ paymentId: id('payment', 2) })).outcome).toEqual({ kind: 'open' });
    expect(status()).toBe('PAYING');
  });

  it('of a paid reservation answers the payment it has, and says so', () => {
    givenPaid();
    expect(on(start({ paymentId: id('payment', 2) })).outcome).toMatchObject({
      kind: 'answered',
      body: { paymentId, status: 'COMPLETED', alreadyPaid: true },
    });
  });

  it('repeated without a payment is a fault', () => {
    expect(() => on(start({}, { repeated: true }))).toThrow('no payment was begun');
  });
});

describe('CancelReservation', () => {
  it('of an unpaid one is answered by the release of its seats', () => {
    const { outcome } = on(cancel());
    expect(outcome).toMatchObject({
      kind: 'forwarded',
      message: { contract: concert.releaseHold, payload: { reservationId, reason: 'CANCELLED' }, replyTo: null },
    });
    expect(status()).toBe('CANCELLED');
    expect(sentAs(reservation.reservationEnded, sent)?.payload).toMatchObject({
      status: 'CANCELLED',
      refundedAmount: 0,
    });
  });

  it('again is answered by the release again, and ends it once', () => {
    on(cancel());
    sent = [];
    expect(on(cancel()).outcome).toMatchObject({ kind: 'forwarded', message: { contract: concert.releaseHold } });
    expect(sent).toEqual([]);
  });

  it.each([
    ['somebody else', () => on(cancel('bob')), 'RESERVATION_NOT_FOUND'],
    ['the time', () => on(cancel(), secondsAfterNoon(300)), 'RESERVATION_NOT_CANCELLABLE'],
    ['a running payment', () => [on(start()), on(cancel())][1], 'RESERVATION_NOT_CANCELLABLE'],
  ])('is prevented by %s', (_by, decided, code) => {
    expect(decided()?.outcome).toMatchObject({ kind: 'rejected', code });
  });

  it('of a paid one refunds, frees the seats and then answers all who asked', () => {
    givenPaid();
    const first = cancel();
    const second = cancel();
    expect(on(first).outcome).toEqual({ kind: 'open' });
    expect(status()).toBe('CANCELLING');
    expect(on(second).outcome).toEqual({ kind: 'open' });
    replied(wallet.refund, { moved: 3_000 });
    expect(sentAs(concert.cancelSeats, sent)?.payload).toEqual({
      reservationId,
      scheduleId: id('schedule'),
      paymentId,
    });
    const { answers } = replied(concert.cancelSeats);
    expect(answers?.map(({ to }) => to)).toEqual([first.asker, second.asker]);
    const body = { status: 'CANCELLED', refundedAmount: 3_000, cancelledAt: secondsAfterNoon(2).toISOString() };
    expect(answers?.[1]?.answer).toMatchObject({ kind: 'answered', body });
    expect(on({ ...first, repeated: true }).outcome).toMatchObject({ kind: 'answered', body });
  });

  it('beside a token still being spent keeps the two sagas apart', () => {
    givenPaid();
    on(cancel());
    replied(queue.expireToken);
    expect(purchases.payments.get(paymentId)?.state).toBe('COMPLETED');
    expect(purchases.cancellations.get(reservationId)?.state).toBe('REFUNDING');
    expect(status()).toBe('CANCELLING');
  });
});

describe('ExpireReservation', () => {
  const expireNow = (now: Date) => on(aMessage(reservation.expireReservation, { reservationId }, { asker: null }), now);

  it('ends an unpaid reservation past its end and releases its seats', () => {
    expect(expireNow(secondsAfterNoon(300)).outcome).toEqual({ kind: 'done' });
    expect(status()).toBe('EXPIRED');
    expect(sentAs(concert.releaseHold, sent)?.payload).toMatchObject({ reservationId, reason: 'EXPIRED' });
    expect(sentAs(reservation.reservationEnded, sent)?.payload).toMatchObject({ status: 'EXPIRED' });
  });

  it('leaves alone one that is not due, one being paid, one expired before and one unknown', () => {
    expireNow(secondsAfterNoon(299));
    expect(status()).toBe('WAITING');
    on(start());
    sent = [];
    expireNow(secondsAfterNoon(300));
    expect(status()).toBe('PAYING');
    given(aHeldReservation({ status: 'EXPIRED' }));
    expireNow(secondsAfterNoon(300));
    purchases = new Purchases({});
    expireNow(secondsAfterNoon(300));
    expect(sent).toEqual([]);
  });
});

describe('the checks', () => {
  const checkPayment = (now: Date) =>
    on(aMessage(reservation.checkPayment, { reservationId, paymentId }, { asker: null }), now);

  it('repeat a payment’s overdue command, id and content', () => {
    on(start());
    const debit = sentAs(wallet.debit, sent);
    expect(checkPayment(secondsAfterNoon(6)).send).toEqual([debit]);
  });

  it('repeat a cancellation’s overdue command, id and content', () => {
    givenPaid();
    on(cancel());
    const refund = sentAs(wallet.refund, sent);
    const check = aMessage(reservation.checkCancellation, { reservationId }, { asker: null });
    expect(on(check, secondsAfterNoon(7)).send).toEqual([refund]);
  });

  it('of what is not there do nothing', () => {
    expect(checkPayment(secondsAfterNoon(6))).toEqual({ outcome: { kind: 'done' } });
  });
});
