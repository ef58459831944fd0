import { type MessageContract, reservation, topics, wallet } from '#contracts';
import { foldBatches, type Outgoing, read, takeOverLane, tendInbox } from '#messaging';
import { emptyDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { aMessage, aReply, aSeatsHeld, sentAs } from './message.builders.js';
import { aPlace } from './reservation.builders.js';
import { ReservationDatabase } from './reservation.database.js';

const audited = [reservation.retryPayment, reservation.compensatePayment] as const;
let offset = 0n;

/** A record of an operator's command, as the consumer hands it over. */
function anAct(contract: MessageContract, payload: { reservationId: string; paymentId: string }, id = uuidv7()) {
  const value = Buffer.from(JSON.stringify({ ...payload, operator: 'olga', reason: 'It is back.' }));
  const headers = { ce_id: id, ce_type: contract.type, ce_subject: payload.paymentId };
  const record = { topic: topics.reservationCommands.name, partition: 0, offset: (offset += 1n), headers, value };
  const types = new Set(audited.map(({ type }) => type as string));
  return read({ ...record, key: payload.reservationId, appendedAt: Date.now() }, types);
}

describe('what an operator does about a payment', () => {
  let database: ReservationDatabase;
  beforeAll(async () => {
    database = await ReservationDatabase.in(await emptyDatabase());
    await tendInbox(database.dataSource);
  });
  afterAll(() => database.drop());

  async function handle(batch: ReturnType<typeof read>, handler: object = database.commands) {
    const consumer = { name: 'r', service: 'reservation', handler, parkBehind: true } as never;
    const lane = await takeOverLane(database.dataSource, 'reservation.commands/0');
    return foldBatches(database.dataSource, consumer, [{ lane, records: [batch], attempts: 0 }]);
  }
  async function aPayment(): Promise<{ reservationId: string; paymentId: string; sent: Outgoing[] }> {
    const held = aSeatsHeld();
    const [{ reservationId }, paymentId] = [held.payload, uuidv7()];
    await database.handle(database.events, [held], new Date(held.payload.heldAt));
    const start = aMessage(reservation.startPayment, { reservationId, paymentId, userId: 'ada', place: aPlace });
    const { decisions } = await database.handle(database.commands, [start] as never[], new Date(held.payload.heldAt));
    return { reservationId, paymentId, sent: decisions.flatMap(({ send = [] }) => send) };
  }
  async function aStuckPayment() {
    const { sent, ...payment } = await aPayment();
    const parked = { ...aReply(sentAs(wallet.debit, sent)), type: 'reply.Parked.v1', payload: { reason: 'fault' } };
    await database.handle(database.replies, [parked as never]);
    return payment;
  }
  const logOf = (paymentId: string) =>
    database.query('select action, operator, reason, outcome from operator_log where subject = $1 order by id', [
      paymentId,
    ]);
  const rowOf = async (paymentId: string) =>
    (
      await database.query<Record<string, unknown>>(
        `select state, stuck_reason, attempts, next_check_at is not null as looked_at,
           deadline_at > now() + interval '30 s' as in_time, grace_ends_at - deadline_at = interval '60 s' as has_grace
         from payment where payment_id = $1`,
        [paymentId],
      )
    )[0];

  it('commits with its row of the log and with what is asked again', async () => {
    const payment = await aStuckPayment();
    const { outbox } = await handle(anAct(reservation.retryPayment, payment));
    expect(outbox.map(({ type }) => type)).toEqual(['wallet.Debit.v1', 'concert.ExtendHold.v1']);
    expect(await rowOf(payment.paymentId)).toEqual({
      state: 'DEBITING',
      stuck_reason: null,
      attempts: 1,
      looked_at: true,
      in_time: true,
      has_grace: true,
    });
    expect(await logOf(payment.paymentId)).toEqual([
      { action: 'reservation.RetryPayment.v1', operator: 'olga', reason: 'It is back.', outcome: 'answered' },
    ]);
  });

  it('is undone together with its row of the log', async () => {
    const payment = await aStuckPayment();
    const before = await rowOf(payment.paymentId);
    const { commands } = database;
    const dies = {
      load: commands.load.bind(commands),
      decide: commands.decide.bind(commands),
      save: async (...saved: Parameters<typeof commands.save>) => {
        await commands.save(...saved);
        throw new Error('the process dies here');
      },
    };
    await expect(handle(anAct(reservation.compensatePayment, payment), dies)).rejects.toThrow('dies here');
    expect(await rowOf(payment.paymentId)).toEqual(before);
    expect(await logOf(payment.paymentId)).toEqual([]);
  });

  it('is logged with the code that refused it', async () => {
    const { sent: _, ...payment } = await aPayment();
    await handle(anAct(reservation.retryPayment, payment));
    const unknown = { ...payment, paymentId: uuidv7() };
    await handle(anAct(reservation.compensatePayment, unknown));
    expect(await logOf(payment.paymentId)).toMatchObject([{ outcome: 'PAYMENT_NOT_STUCK' }]);
    expect(await logOf(unknown.paymentId)).toMatchObject([{ outcome: 'PAYMENT_NOT_FOUND' }]);
  });

  it('is done and logged once, however often its command comes', async () => {
    const payment = await aStuckPayment();
    const id = uuidv7();
    const first = await handle(anAct(reservation.retryPayment, payment, id));
    const repeat = await handle(anAct(reservation.retryPayment, payment, id));
    expect([first.outbox.length, repeat.outbox.length]).toEqual([2, 0]);
    expect(await logOf(payment.paymentId)).toHaveLength(1);
  });

  it('is not held up by what is parked of the reservation', async () => {
    const payment = await aStuckPayment();
    await database.query(
      `insert into dead_letter (id, consumer, topic, partition, "offset", subject, headers, reason, error, attempts)
       values ($1, 'r', 'reservation.commands', 0, 1, $2, '{}', 'fault', 'a bug', 1)`,
      [uuidv7(), payment.reservationId],
    );
    await handle(anAct(reservation.compensatePayment, payment));
    expect(await rowOf(payment.paymentId)).toMatchObject({ state: 'REFUNDING' });
  });

  it('cannot be taken out of the log', async () => {
    const payment = await aStuckPayment();
    await handle(anAct(reservation.retryPayment, payment));
    for (const statement of ['delete from operator_log', `update operator_log set outcome = 'answered'`])
      await expect(database.query(statement)).rejects.toThrow('only added to');
  });
});
