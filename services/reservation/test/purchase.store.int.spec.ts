import { concert, queue, reservation, wallet } from '#contracts';
import { inTransaction, type Outgoing } from '#messaging';
import { emptyDatabase, eventually } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { decide } from '../src/domain/payment-saga.js';
import { Purchases } from '../src/messages/purchases.js';
import { aMessage, anAsker, aRefusal, aReply, aSeatsHeld, sentAs } from './message.builders.js';
import {
  aBegunPayment,
  aHeldReservation,
  aPlace,
  aRejection,
  newId,
  noon,
  secondsAfterNoon,
} from './reservation.builders.js';
import { ReservationDatabase } from './reservation.database.js';

describe('reservations and payments in PostgreSQL', () => {
  let database: ReservationDatabase;
  beforeAll(async () => {
    database = await ReservationDatabase.in(await emptyDatabase());
  });
  afterAll(() => database.drop());

  const start = (reservationId: string, paymentId = uuidv7()) =>
    aMessage(reservation.startPayment, { reservationId, paymentId, userId: 'ada', place: aPlace });
  const at = secondsAfterNoon;

  /** Handles the batch and answers what was sent. */
  async function commands(messages: object[], now: Date): Promise<Outgoing[]> {
    const { decisions } = await database.handle(database.commands, messages as never[], now);
    return decisions.flatMap(({ send = [] }) => send);
  }
  async function replied(to: Outgoing | undefined, now: Date, body = {}): Promise<Outgoing[]> {
    const { decisions } = await database.handle(database.replies, [aReply(to, body)], now);
    return decisions.flatMap(({ send = [] }) => send);
  }
  async function load(reservationId: string): Promise<Purchases> {
    return inTransaction(database.dataSource, (tx) => database.purchases.lock({ reservationIds: [reservationId] }, tx));
  }

  it('come back as they were saved: every date, amount, null and list', async () => {
    const first = aHeldReservation({ reservationId: uuidv7(), startsAt: new Date('2026-12-24T10:00:00.123Z') });
    const begun = aBegunPayment({ reservation: first, paymentId: uuidv7(), startMessageId: uuidv7() });
    const refused = decide(begun, aRejection(begun.payment, 'NOT_ENOUGH_BALANCE', { balance: 5 }), at(1), newId);
    await inTransaction(database.dataSource, async (tx) => {
      const purchases = new Purchases({});
      purchases.reservations.put(refused.reservation);
      purchases.payments.put(begun.payment);
      await database.purchases.save(purchases, tx);
    });
    const loaded = await load(first.reservationId);
    expect(loaded.payments.get(begun.payment.paymentId)).toEqual(begun.payment);
    expect(loaded.reservations.get(first.reservationId)).toEqual(refused.reservation);

    await inTransaction(database.dataSource, async (tx) => {
      const purchases = new Purchases({ payments: [begun.payment] });
      purchases.payments.put(refused.payment);
      await database.purchases.save(purchases, tx);
    });
    expect((await load(first.reservationId)).payments.get(begun.payment.paymentId)).toEqual(refused.payment);
  });

  it('come back with the deadline that an operator gave them', async () => {
    const held = aSeatsHeld();
    const { reservationId } = held.payload;
    await database.handle(database.events, [held], noon);
    const began = start(reservationId);
    const { paymentId } = began.payload;
    const operation = { reservationId, paymentId, operator: 'olga', reason: 'It is back.' };
    const parked = (to: Outgoing | undefined) =>
      ({ ...aReply(to), type: 'reply.Parked.v1', payload: { reason: 'fault' } }) as const;
    const debit = sentAs(wallet.debit, await commands([began], at(1)));
    await database.handle(database.replies, [parked(debit)], at(2));
    const retried = await commands([aMessage(reservation.retryPayment, operation)], at(3_600));
    expect((await load(reservationId)).payments.get(paymentId)).toMatchObject({
      state: 'DEBITING',
      lastRequestId: sentAs(wallet.debit, retried)?.id,
      deadlineAt: at(3_660),
      graceEndsAt: at(3_720),
    });

    const debited = await replied(sentAs(wallet.debit, retried), at(3_601));
    await replied(sentAs(concert.confirmSeats, debited), at(3_602));
    const refund = await commands(
      [aMessage(reservation.cancelReservation, { reservationId, userId: 'ada' })],
      at(3_603),
    );
    await database.handle(database.replies, [parked(sentAs(wallet.refund, refund))], at(3_604));
    await commands([aMessage(reservation.retryPayment, operation)], at(7_200));
    expect((await load(reservationId)).cancellations.get(reservationId)).toMatchObject({
      stuckReason: null,
      deadlineAt: at(7_260),
      graceEndsAt: at(7_320),
    });
  });

  it('go the whole way of a ticket that is bought and given back, over as many batches as messages', async () => {
    const held = aSeatsHeld();
    const { reservationId } = held.payload;
    await database.handle(database.events, [held], noon);
    const began = start(reservationId);
    const { paymentId } = began.payload;
    const taken = await commands([began], at(1));
    const debited = await replied(sentAs(wallet.debit, taken), at(2));
    const confirmed = await replied(sentAs(concert.confirmSeats, debited), at(3));
    await replied(sentAs(queue.expireToken, confirmed), at(4));

    const cancel = aMessage(reservation.cancelReservation, { reservationId, userId: 'ada' });
    const cancelling = await commands([cancel], at(5));
    // A second request while the first runs.
    await commands([{ ...cancel, id: uuidv7(), asker: anAsker() }], at(6));
    expect((await load(reservationId)).cancellations.get(reservationId)?.waiters).toHaveLength(2);
    const refunded = await replied(sentAs(wallet.refund, cancelling), at(7), { moved: 3_000 });
    await replied(sentAs(concert.cancelSeats, refunded), at(8));

    const purchases = await load(reservationId);
    expect(purchases.reservations.get(reservationId)).toMatchObject({
      status: 'CANCELLED',
      paymentId,
      paidAt: at(3),
      cancelledAt: at(8),
      refundedAmount: 3_000n,
    });
    expect(purchases.payments.get(paymentId)).toMatchObject({ state: 'COMPLETED', finishedAt: at(4) });
    expect(
      await database.query('select seq, state, event, at from payment_timeline where payment_id = $1 order by seq', [
        paymentId,
      ]),
    ).toEqual([
      { seq: 1, state: 'DEBITING', event: 'PAYMENT_STARTED', at: at(1) },
      { seq: 2, state: 'CONFIRMING', event: 'WALLET_DEBITED', at: at(2) },
      { seq: 3, state: 'EXPIRING_TOKEN', event: 'SEATS_CONFIRMED', at: at(3) },
      { seq: 4, state: 'COMPLETED', event: 'TOKEN_EXPIRED', at: at(4) },
    ]);
    expect(
      await database.query('select state, waiters, finished_at from cancellation where reservation_id = $1', [
        reservationId,
      ]),
    ).toEqual([{ state: 'DONE', waiters: [], finished_at: at(8) }]);
  });

  it('find a repeated StartPayment’s payment by that command, in a later batch and in the same', async () => {
    const first = aSeatsHeld();
    await database.handle(database.events, [first], noon);
    const began = start(first.payload.reservationId);
    await commands([began, { ...began, asker: anAsker(began.id), repeated: true }], at(1));
    await commands([{ ...began, asker: anAsker(began.id), repeated: true }], at(2));
    const { payments } = await load(first.payload.reservationId);
    expect(payments.get(began.payload.paymentId)?.waiters).toHaveLength(3);
  });

  it('let a reservation have one open or completed payment at a time, and a new one after a refusal', async () => {
    const first = aSeatsHeld();
    const { reservationId } = first.payload;
    await database.handle(database.events, [first], noon);
    const taken = await commands([start(reservationId)], at(1));
    const { payment } = aBegunPayment({
      reservation: aHeldReservation({ reservationId }),
      paymentId: uuidv7(),
      startMessageId: uuidv7(),
    });
    const second = inTransaction(database.dataSource, (tx) => database.payments.insert([payment], tx));
    await expect(second).rejects.toThrow('payment_live');

    const no = aRefusal(sentAs(wallet.debit, taken), 'NOT_ENOUGH_BALANCE', { balance: 1 });
    await database.handle(database.replies, [no], at(2));
    const again = start(reservationId);
    await commands([again], at(3));
    expect((await load(reservationId)).reservations.get(reservationId)).toMatchObject({
      status: 'PAYING',
      paymentId: again.payload.paymentId,
    });
  });

  it('can end one payment and insert the next of the same reservation in one batch', async () => {
    const begun = aBegunPayment({
      reservation: aHeldReservation({ reservationId: uuidv7() }),
      paymentId: uuidv7(),
      startMessageId: uuidv7(),
    });
    await inTransaction(database.dataSource, async (tx) => {
      const purchases = new Purchases({});
      purchases.reservations.put(begun.reservation);
      purchases.payments.put(begun.payment);
      await database.purchases.save(purchases, tx);
    });
    const refused = decide(begun, aRejection(begun.payment, 'NOT_ENOUGH_BALANCE'), at(1), newId);
    const next = aBegunPayment({
      reservation: refused.reservation,
      // Sorts before the first one.
      paymentId: '00000000-0000-7000-8000-000000000001',
      startMessageId: uuidv7(),
    });
    await inTransaction(database.dataSource, async (tx) => {
      const purchases = new Purchases({ payments: [begun.payment], reservations: [begun.reservation] });
      purchases.payments.put(refused.payment);
      purchases.payments.put(next.payment);
      purchases.reservations.put(next.reservation);
      await database.purchases.save(purchases, tx);
    });
    const states = await database.query<{ state: string }>(
      'select state from payment where reservation_id = $1 order by payment_id',
      [begun.reservation.reservationId],
    );
    expect(states.map(({ state }) => state)).toEqual(['DEBITING', 'REJECTED']);
  });

  it('keep two batches about one reservation apart: the second waits and sees what the first decided', async () => {
    const first = aSeatsHeld();
    await database.handle(database.events, [first], noon);
    const { reservationId } = first.payload;
    const message = start(reservationId) as never;
    const second = await inTransaction(database.dataSource, async (tx) => {
      const purchases = await database.commands.load([message], tx);
      const waiting = database.handle(database.commands, [start(reservationId)] as never[], at(1));
      await eventually(() => isWaitingForALock(database));
      database.commands.decide(purchases, message, { now: at(1), newId });
      await database.commands.save(purchases, tx);
      return { waiting };
    });
    const { decisions } = await second.waiting;
    expect(decisions[0]?.outcome).toMatchObject({ code: 'PAYMENT_IN_PROGRESS' });
  });

  it('take no more statements for 300 messages than for 3', async () => {
    const counts: number[][] = [];
    for (const size of [3, 300]) {
      const holds = Array.from({ length: size }, () => aSeatsHeld());
      const events = await database.handle(database.events, holds, noon);
      const starts = holds.map(({ payload }) => start(payload.reservationId));
      const began = await database.handle(database.commands, starts as never[], at(1));
      const debits = began.decisions.map(({ send }) => aReply(sentAs(wallet.debit, send)));
      const debited = await database.handle(database.replies, debits, at(2));
      const confirms = debited.decisions.map(({ send }) => aReply(sentAs(concert.confirmSeats, send)));
      const confirmed = await database.handle(database.replies, confirms, at(3));
      const cancels = holds.map(({ payload: { reservationId } }) =>
        aMessage(reservation.cancelReservation, { reservationId, userId: 'ada' }),
      );
      const cancelled = await database.handle(database.commands, cancels as never[], at(4));
      counts.push([events, began, debited, confirmed, cancelled].map(({ statements }) => statements));
    }
    expect(counts[1]).toEqual(counts[0]);
    expect(Math.max(...counts[0]!)).toBeLessThanOrEqual(9);
  });

  it('refuse what the domain never says', async () => {
    await expect(database.query(`update reservation set refunded_amount = amount + 1`)).rejects.toThrow();
    await expect(database.query(`update reservation set status = 'LOST'`)).rejects.toThrow();
  });
});

async function isWaitingForALock(database: ReservationDatabase): Promise<boolean> {
  const waiting = await database.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return waiting.length > 0;
}
