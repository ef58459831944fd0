import { concert, reservation, wallet } from '#contracts';
import { inTransaction, type Outgoing } from '#messaging';
import { emptyDatabase } from '#testing';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { CancellationCheckTimer } from '../src/messages/cancellation-check.timer.js';
import { PaymentCheckTimer } from '../src/messages/payment-check.timer.js';
import { ReleaseSweepTimer } from '../src/messages/release-sweep.timer.js';
import { SweepStore } from '../src/postgres/sweep.store.js';
import { aMessage, aReply, aSeatsHeld, sentAs } from './message.builders.js';
import { aPlace, noon, secondsAfterNoon } from './reservation.builders.js';
import { ReservationDatabase } from './reservation.database.js';

const at = secondsAfterNoon;
const sentAbout = (send: readonly Outgoing[]) =>
  send.map(({ payload }) => (payload as { reservationId: string }).reservationId);

describe('the timers on PostgreSQL', () => {
  let database: ReservationDatabase;
  const databases: ReservationDatabase[] = [];
  beforeEach(async () => {
    database = await ReservationDatabase.in(await emptyDatabase());
    databases.push(database);
  });
  afterAll(() => Promise.all(databases.map((each) => each.drop())));

  /** Held until so many seconds after noon, each. */
  async function givenHeld(...untils: number[]): Promise<string[]> {
    const holds = untils.map((until) => aSeatsHeld({ heldUntil: at(until).toISOString() }));
    await database.handle(database.events, holds, noon);
    return holds.map(({ payload }) => payload.reservationId);
  }
  const start = (reservationId: string) =>
    aMessage(reservation.startPayment, { reservationId, paymentId: uuidv7(), userId: 'ada', place: aPlace });
  async function handled(messages: object[], now: Date): Promise<Outgoing[]> {
    const { decisions } = await database.handle(database.commands, messages as never[], now);
    return decisions.flatMap(({ send = [] }) => send);
  }

  describe('the release sweep', () => {
    const sweep = () => new ReleaseSweepTimer(new SweepStore(), { RESERVATION_SWEEP_MS: 60_000 } as never);

    it('finds what waits past its end, and looks again exactly one interval later', async () => {
      const [first, paying, , second] = await givenHeld(10, 11, 40, 20);
      await handled([start(paying!)], at(1));
      const { send, nextAt } = await database.find(sweep(), at(20));
      expect(sentAbout(send)).toEqual([first, second]);
      expect(nextAt).toEqual(at(80));
      const expired = await handled(
        sentAbout(send).map((reservationId) => aMessage(reservation.expireReservation, { reservationId })),
        at(20),
      );
      expect(expired.filter(({ contract }) => contract === concert.releaseHold)).toHaveLength(2);
      expect((await database.find(sweep(), at(39))).send).toEqual([]);
    });

    it('finds again in the next round what was not handled in this one', async () => {
      const [only] = await givenHeld(10);
      for (const now of [at(20), at(80), at(140)])
        expect(sentAbout((await database.find(sweep(), now)).send)).toEqual([only]);
    });

    it('follows a full page with the next one at once, without finding the first again', async () => {
      const ids = await givenHeld(...Array.from({ length: 1_001 }, (_, n) => 10 + Math.floor(n / 300)));
      const found: string[] = [];
      const nexts: Date[] = [];
      for (let run = 0; run < 3; run += 1) {
        const { send, nextAt } = await database.find(sweep(), at(20));
        found.push(...sentAbout(send));
        nexts.push(nextAt);
      }
      expect(found.toSorted()).toEqual(ids.toSorted());
      expect(nexts).toEqual([at(20), at(20), at(80)]);
      expect((await database.find(sweep(), at(80))).send).toHaveLength(500);
    });
  });

  describe('the payment check', () => {
    const timer = () => new PaymentCheckTimer(database.payments, { PAYMENT_DEADLINE_SECONDS: 60 });

    it('finds a payment whose step is overdue, once, and its check sets the next look', async () => {
      const [reservationId] = await givenHeld(300);
      const message = start(reservationId!);
      const [debit] = await handled([message], at(0));
      expect((await database.find(timer(), at(4.999))).send).toEqual([]);
      const { send, nextAt } = await database.find(timer(), at(5));
      const { paymentId } = message.payload;
      expect(send).toMatchObject([
        {
          contract: reservation.checkPayment,
          payload: { reservationId, paymentId },
          correlationId: message.correlationId,
        },
      ]);
      expect(nextAt).toEqual(at(10));
      expect((await database.find(timer(), at(6))).send).toEqual([]);

      const repeated = await handled(
        [aMessage(reservation.checkPayment, { reservationId: reservationId!, paymentId })],
        at(7),
      );
      expect(repeated).toEqual([debit]);
      expect((await database.find(timer(), at(16.999))).send).toEqual([]);
      expect((await database.find(timer(), at(17))).send).toHaveLength(1);
    });

    it('finds it again when the check got lost', async () => {
      const [reservationId] = await givenHeld(300);
      await handled([start(reservationId!)], at(0));
      await database.find(timer(), at(5));
      expect((await database.find(timer(), at(15))).send).toHaveLength(1);
    });

    it('passes over a payment that a batch is at, instead of waiting for it', async () => {
      const [reservationId] = await givenHeld(300);
      await handled([start(reservationId!)], at(0));
      await inTransaction(database.dataSource, async (tx) => {
        await database.purchases.lock({ reservationIds: [reservationId!] }, tx);
        expect((await database.find(timer(), at(5))).send).toEqual([]);
      });
      expect((await database.find(timer(), at(5))).send).toHaveLength(1);
    });

    it('leaves finished and stuck payments alone', async () => {
      const [reservationId] = await givenHeld(300);
      const [debit] = await handled([start(reservationId!)], at(0));
      const parked = { ...aReply(debit), type: 'reply.Parked.v1', payload: { reason: 'fault' } } as const;
      await database.handle(database.replies, [parked], at(1));
      expect((await database.find(timer(), at(1_000))).send).toEqual([]);
      expect(await database.query('select stuck_reason, compensating from payment')).toEqual([
        { stuck_reason: 'fault', compensating: false },
      ]);
    });
  });

  it('the cancellation check finds a cancellation whose step is overdue', async () => {
    const [reservationId] = await givenHeld(300);
    const began = await handled([start(reservationId!)], at(0));
    const debited = await database.handle(database.replies, [aReply(sentAs(wallet.debit, began))], at(1));
    const confirm = sentAs(concert.confirmSeats, debited.decisions[0]?.send);
    await database.handle(database.replies, [aReply(confirm)], at(2));
    const cancel = aMessage(reservation.cancelReservation, { reservationId: reservationId!, userId: 'ada' });
    const [refund] = await handled([cancel], at(3));
    const timer = new CancellationCheckTimer(database.cancellations, { PAYMENT_DEADLINE_SECONDS: 60 });
    expect((await database.find(timer, at(7.999))).send).toEqual([]);
    const { send } = await database.find(timer, at(8));
    expect(send).toMatchObject([{ contract: reservation.checkCancellation, payload: { reservationId } }]);
    const check = aMessage(reservation.checkCancellation, { reservationId: reservationId! });
    expect(await handled([check], at(9))).toEqual([refund]);
  });
});
