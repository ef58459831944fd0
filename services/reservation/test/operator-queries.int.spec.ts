import { concert, queue, reservation, wallet } from '#contracts';
import type { Outgoing } from '#messaging';
import { emptyDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { operatorPaymentBody, type OperatorStatus, operatorStatuses } from '../src/domain/operator-payment-body.js';
import { StuckSagasGauge } from '../src/messages/stuck-sagas.gauge.js';
import { OperatorPaymentQueries, type PaymentPosition } from '../src/postgres/operator-payment.queries.js';
import { aMessage, aRefusal, aReply, aSeatsHeld, sentAs } from './message.builders.js';
import { aPlace, noon, secondsAfterNoon } from './reservation.builders.js';
import { ReservationDatabase } from './reservation.database.js';

describe('the payments that operators see', () => {
  let database: ReservationDatabase;
  let queries: OperatorPaymentQueries;
  /** In the order in which they began, a second after each other. */
  const payments: string[] = [];
  const named: Record<string, string> = {};

  beforeAll(async () => {
    database = await ReservationDatabase.in(await emptyDatabase());
    queries = new OperatorPaymentQueries(database.dataSource);
    for (const story of Object.keys(stories)) await stories[story]!(await begin(story));
  });
  afterAll(() => database.drop());

  interface Begun {
    readonly reservationId: string;
    readonly sent: readonly Outgoing[];
  }
  async function begin(name: string): Promise<Begun> {
    const held = aSeatsHeld();
    const [{ reservationId }, paymentId] = [held.payload, uuidv7()];
    await database.handle(database.events, [held], noon);
    const start = aMessage(reservation.startPayment, { reservationId, paymentId, userId: 'ada', place: aPlace });
    payments.push(paymentId);
    named[name] = paymentId;
    const began = await database.handle(database.commands, [start] as never[], secondsAfterNoon(payments.length));
    return { reservationId, sent: began.decisions.flatMap(({ send = [] }) => send) };
  }
  const answered = async (to: Outgoing | undefined, body = {}) =>
    (await database.handle(database.replies, [aReply(to, body)], secondsAfterNoon(20))).decisions[0]?.send;
  const parked = (to: Outgoing | undefined) => {
    const reply = { ...aReply(to), type: 'reply.Parked.v1', payload: { reason: 'fault' } } as const;
    return database.handle(database.replies, [reply], secondsAfterNoon(20));
  };
  const refused = (to: Outgoing | undefined, code: 'NOT_ENOUGH_BALANCE' | 'EXPIRED_RESERVATION') =>
    database.handle(database.replies, [aRefusal(to, code)], secondsAfterNoon(20));
  async function confirmed({ sent }: Begun) {
    const debited = await answered(sentAs(wallet.debit, [...sent]));
    return answered(sentAs(concert.confirmSeats, debited));
  }
  async function paid(begun: Begun) {
    await answered(sentAs(queue.expireToken, await confirmed(begun)));
  }
  async function cancelling(begun: Begun) {
    await paid(begun);
    const cancel = aMessage(reservation.cancelReservation, { reservationId: begun.reservationId, userId: 'ada' });
    const { decisions } = await database.handle(database.commands, [cancel] as never[], secondsAfterNoon(21));
    return sentAs(wallet.refund, decisions[0]?.send);
  }
  const stories: Record<string, (begun: Begun) => Promise<unknown>> = {
    debiting: () => Promise.resolve(),
    'debit parked': ({ sent }) => parked(sentAs(wallet.debit, [...sent])),
    refused: ({ sent }) => refused(sentAs(wallet.debit, [...sent]), 'NOT_ENOUGH_BALANCE'),
    'seats lost': async ({ sent }) => {
      const debited = await answered(sentAs(wallet.debit, [...sent]));
      const [refund] = (await refused(sentAs(concert.confirmSeats, debited), 'EXPIRED_RESERVATION')).decisions;
      await answered(sentAs(wallet.refund, refund?.send), { moved: 3_000 });
    },
    confirmed,
    'token parked': async (begun) => parked(sentAs(queue.expireToken, await confirmed(begun))),
    paid,
    cancelling,
    'refund parked': async (begun) => parked(await cancelling(begun)),
    cancelled: async (begun) => {
      const refunded = await answered(await cancelling(begun), { moved: 3_000 });
      await answered(sentAs(concert.cancelSeats, refunded));
    },
  };
  const statuses: Record<string, readonly string[]> = {
    PROCESSING: ['debiting'],
    STUCK: ['debit parked', 'token parked', 'refund parked'],
    REJECTED: ['refused'],
    COMPENSATED: ['seats lost'],
    COMPLETED: ['confirmed', 'paid', 'cancelling', 'cancelled'],
  };
  const listed = async (status?: OperatorStatus, after?: PaymentPosition, limit = 100) =>
    (await queries.list({ status, after, limit })).map(({ payment }) => payment.paymentId);

  it.each(operatorStatuses)('are found by the status %s that each is shown with', async (status) => {
    const found = await queries.list({ status, limit: 100 });
    expect(found.map(({ payment }) => payment.paymentId)).toEqual(
      statuses[status]!.map((name) => named[name]).toReversed(),
    );
    for (const each of found) expect(operatorPaymentBody(each).status).toBe(status);
  });

  it('come newest first, page by page, none lost and none twice', async () => {
    expect(await listed()).toEqual(payments.toReversed());
    const found: string[] = [];
    let after: PaymentPosition | undefined;
    do {
      const page = await queries.list({ after, limit: 3 });
      found.push(...page.map(({ payment }) => payment.paymentId));
      after = page.at(-1)?.payment;
    } while (after);
    expect(found).toEqual(payments.toReversed());
  });

  it('have their timeline and their cancellation', async () => {
    const stuck = await queries.one(named['refund parked']!);
    expect(stuck?.payment.timeline.map(({ event }) => event)).toEqual([
      'PAYMENT_STARTED',
      'WALLET_DEBITED',
      'SEATS_CONFIRMED',
      'TOKEN_EXPIRED',
    ]);
    expect(stuck?.cancellation).toMatchObject({ state: 'REFUNDING', stuckReason: 'fault' });
    expect((await queries.one(named['cancelled']!))?.cancellation).toMatchObject({ state: 'DONE' });
    expect((await queries.one(named['paid']!))?.cancellation).toBeNull();
    expect(await queries.one(uuidv7())).toBeNull();
  });

  it('that are STUCK are counted for the alarm, as they are now', async () => {
    const { gauge } = new StuckSagasGauge(queries);
    const value = async () => (await gauge.get()).values[0]?.value;
    expect(await value()).toBe(3);
    expect(await queries.countStuck(1)).toBe(2);
    const operation = { operator: 'olga', reason: 'It is back.', paymentId: named['debit parked']! };
    const { payment } = (await queries.one(operation.paymentId))!;
    const retry = aMessage(reservation.retryPayment, { ...operation, reservationId: payment.reservationId });
    await database.handle(database.commands, [retry] as never[]);
    expect(await value()).toBe(2);
    await database.query('alter table payment rename to gone');
    expect(await value()).toBeNaN();
    await database.query('alter table gone rename to payment');
  });
});
