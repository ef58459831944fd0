import { concert, type MessageContract, reply, reservation, topics, wallet } from '#contracts';
import {
  type Consumer,
  foldBatches,
  type Handler,
  type Outgoing,
  type OwnedLane,
  read,
  takeOverLane,
  tendInbox,
} from '#messaging';
import { emptyDatabase } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { aMessage, aReply, aSeatsHeld, sentAs } from './message.builders.js';
import { aPlace } from './reservation.builders.js';
import { ReservationDatabase } from './reservation.database.js';

const fault = { reason: 'fault', error: 'TypeError: no\n    at somewhere', attempts: 1 } as const;

describe('a saga whose message is parked', () => {
  let database: ReservationDatabase;
  let commands: OwnedLane;
  let answers: OwnedLane;
  let offset = 0n;
  beforeAll(async () => {
    database = await ReservationDatabase.in(await emptyDatabase());
    await tendInbox(database.dataSource);
    commands = await takeOverLane(database.dataSource, 'reservation.commands/0');
    answers = await takeOverLane(database.dataSource, 'payment-saga.replies/0');
  });
  afterAll(() => database.drop());

  function consumerOf(name: string, handler: unknown): Consumer {
    const accepted = name === topics.paymentSagaReplies.name ? null : acceptedTypes;
    return { name, service: 'reservation', handler: handler as Handler<unknown, unknown>, parkBehind: true, accepted };
  }
  const acceptedTypes = new Set<string>(
    Object.values(reservation).flatMap((one) => ('topic' in one ? [one.type] : [])),
  );

  /** A record of the message, as the broker would bring it. */
  function brought(topic: string, type: string, subject: string, payload: unknown, inReplyTo = '') {
    const headers = { ce_id: uuidv7(), ce_type: type, ce_subject: subject, causationid: inReplyTo };
    const value = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    const record = {
      topic,
      partition: 0,
      offset: (offset += 1n),
      key: subject,
      value,
      headers,
      appendedAt: Date.now(),
    };
    return read(record, topic === topics.paymentSagaReplies.name ? null : acceptedTypes);
  }
  const command = (contract: MessageContract, payload: unknown, subject: string) =>
    brought(topics.reservationCommands.name, contract.type, subject, payload);

  /** As the lane does it: together, and parked when that throws. */
  async function fold(
    lane: OwnedLane,
    record: ReturnType<typeof brought>,
    condemned?: Parameters<typeof foldBatches>[3],
  ): Promise<string[]> {
    const { name } =
      record.record.topic === topics.paymentSagaReplies.name ? topics.paymentSagaReplies : topics.reservationCommands;
    const handler = name === topics.paymentSagaReplies.name ? database.replies : database.commands;
    const { parked } = await foldBatches(
      database.dataSource,
      consumerOf(name, handler),
      [{ lane, records: [record], attempts: 0 }],
      condemned,
    );
    return parked.map(({ reason }) => reason);
  }

  async function begun(): Promise<{ reservationId: string; paymentId: string; startId: string; sent: Outgoing[] }> {
    const held = aSeatsHeld({ heldUntil: new Date(Date.now() + 300_000).toISOString() });
    const { reservationId } = held.payload;
    const start = aMessage(reservation.startPayment, {
      reservationId,
      paymentId: uuidv7(),
      userId: 'ada',
      place: aPlace,
    });
    await database.handle(database.events, [held]);
    const { decisions } = await database.handle(database.commands, [start]);
    const sent = decisions.flatMap(({ send = [] }) => send);
    return { reservationId, paymentId: start.payload.paymentId, startId: start.id, sent };
  }

  const paymentRow = async (paymentId: string) => {
    const [row] = await database.query<{ state: string; stuck_reason: string | null; next_check_at: Date | null }>(
      'select state, stuck_reason, next_check_at from payment where payment_id = $1',
      [paymentId],
    );
    return row!;
  };
  const timeline = async (paymentId: string) => {
    const rows = await database.query<{ event: string }>(
      'select event from payment_timeline where payment_id = $1 order by seq',
      [paymentId],
    );
    return rows.map(({ event }) => event);
  };

  /** In doubt about its confirmation: the answer to RevokeConfirm must say whether it stood. */
  async function revoking() {
    const payment = await begun();
    const debited = await database.handle(database.replies, [aReply(sentAs(wallet.debit, payment.sent))]);
    expect(sentAs(concert.confirmSeats, debited.decisions[0]!.send)).toBeDefined();
    const later = new Date(Date.now() + 61_000);
    const check = aMessage(reservation.checkPayment, payment, { asker: null });
    const { decisions } = await database.handle(database.commands, [check], later);
    const revoke = sentAs(concert.revokeConfirm, decisions[0]!.send)!;
    return { ...payment, revoke };
  }
  const answerTo = (asked: Outgoing, paymentId: string, payload: unknown) =>
    brought(topics.paymentSagaReplies.name, reply.answered.type, paymentId, payload, asked.id);

  it('is STUCK at once when the reply it awaits cannot be decided, and moves on when that is mended', async () => {
    const { paymentId, revoke } = await revoking();
    const nonsense = answerTo(revoke, paymentId, { body: {}, replayed: false });
    await expect(fold(answers, nonsense)).rejects.toThrow('does not say whether');
    expect(await paymentRow(paymentId)).toMatchObject({ stuck_reason: null });
    expect(await fold(answers, nonsense, fault)).toEqual(['fault']);
    const row = await paymentRow(paymentId);
    expect(row).toMatchObject({ state: 'REVOKING', next_check_at: null });
    expect(row.stuck_reason).toMatch(/^reply\.Answered\.v1 \S+ is parked \(fault\): TypeError: no$/);
    expect((await timeline(paymentId)).at(-1)).toBe('WAITS_FOR_OPERATOR');

    // What comes behind it says nothing new; the letter's message, mended, moves the saga on.
    const right = aReply(revoke, { confirmed: false });
    expect(await fold(answers, answerTo(revoke, paymentId, { body: {}, replayed: true }))).toEqual(['behind']);
    expect(await timeline(paymentId)).toHaveLength(4);
    await database.handle(database.replies, [right]);
    expect(await paymentRow(paymentId)).toMatchObject({ state: 'REFUNDING', stuck_reason: null });
  });

  it.each(['a NUL \u0000', `${'x'.repeat(299)}😀`])(
    'is STUCK also when the error is not as tables have it: %j',
    async (error) => {
      const { paymentId, revoke } = await revoking();
      const nonsense = answerTo(revoke, paymentId, { body: {}, replayed: false });
      expect(await fold(answers, nonsense, { ...fault, error })).toEqual(['fault']);
      expect((await paymentRow(paymentId)).stuck_reason).toContain(error.replace('\u0000', ''));
    },
  );

  it('is STUCK when the reply cannot even be read', async () => {
    const { paymentId } = await begun();
    const record = brought(topics.paymentSagaReplies.name, reply.answered.type, paymentId, 'no JSON');
    expect(await fold(answers, record)).toEqual(['malformed']);
    expect((await paymentRow(paymentId)).stuck_reason).toContain('(malformed)');
  });

  it('is STUCK when its check is parked, each time', async () => {
    const { reservationId, paymentId } = await begun();
    const check = () => command(reservation.checkPayment, { reservationId, paymentId }, reservationId);
    expect(await fold(commands, check(), fault)).toEqual(['fault']);
    expect(await paymentRow(paymentId)).toMatchObject({ next_check_at: null });
    await database.query('update payment set stuck_reason = null, next_check_at = now() where payment_id = $1', [
      paymentId,
    ]);
    // No second letter for a look, but the saga is as stuck as before.
    expect(await fold(commands, check(), fault)).toEqual([]);
    expect((await paymentRow(paymentId)).stuck_reason).toContain('is parked (fault)');
  });

  it('is STUCK when a repeat of what began it is parked, and nothing else of its reservation is', async () => {
    const [one, other] = [await begun(), await begun()];
    const start = { reservationId: one.reservationId, paymentId: one.paymentId, userId: 'ada', place: aPlace };
    const repeated = command(reservation.startPayment, start, one.reservationId);
    const record = { ...repeated.record, headers: { ...repeated.record.headers, ce_id: one.startId } };
    await fold(commands, read(record, acceptedTypes), fault);
    expect((await paymentRow(one.paymentId)).stuck_reason).toContain('reservation.StartPayment.v1');
    // Somebody else's command about it, which began nothing.
    await fold(
      commands,
      command(reservation.startPayment, { ...start, reservationId: other.reservationId }, other.reservationId),
      fault,
    );
    expect((await paymentRow(other.paymentId)).stuck_reason).toBeNull();
  });

  it('is STUCK when it is a cancellation whose refund, request or check is parked', async () => {
    const cancelling = await Promise.all([1, 2, 3].map(() => cancellation()));
    const [refunded, asked, checked] = cancelling as [string, string, string];
    const [row] = await database.query<{ payment_id: string }>(
      'select payment_id from cancellation where reservation_id = $1',
      [refunded],
    );
    await fold(answers, brought(topics.paymentSagaReplies.name, reply.answered.type, row!.payment_id, {}, uuidv7()));
    await fold(commands, command(reservation.cancelReservation, { reservationId: asked, userId: 'ada' }, asked), fault);
    await fold(commands, command(reservation.checkCancellation, { reservationId: checked }, checked), fault);
    const stuck = await database.query(
      'select from cancellation where stuck_reason is not null and next_check_at is null and reservation_id = any($1)',
      [cancelling],
    );
    expect(stuck).toHaveLength(3);
  });

  it('that is over stays as it ended', async () => {
    const { paymentId, sent } = await begun();
    await database.query(`update payment set finished_at = now() where payment_id = $1`, [paymentId]);
    await fold(answers, answerTo(sentAs(wallet.debit, sent)!, paymentId, 'no JSON'));
    expect((await paymentRow(paymentId)).stuck_reason).toBeNull();
  });

  it('does not hold the partition up when it cannot even be marked', async () => {
    const { paymentId } = await begun();
    await database.query(`alter table payment add constraint no_mark check (stuck_reason is null) not valid`);
    const record = brought(topics.paymentSagaReplies.name, reply.answered.type, paymentId, 'no JSON');
    expect(await fold(answers, record)).toEqual(['malformed']);
    await database.query('alter table payment drop constraint no_mark');
    expect((await paymentRow(paymentId)).stuck_reason).toBeNull();
  });

  async function cancellation(): Promise<string> {
    const { reservationId, sent } = await begun();
    const debited = await database.handle(database.replies, [aReply(sentAs(wallet.debit, sent))]);
    await database.handle(database.replies, [aReply(sentAs(concert.confirmSeats, debited.decisions[0]!.send))]);
    await database.handle(database.commands, [
      aMessage(reservation.cancelReservation, { reservationId, userId: 'ada' }),
    ]);
    return reservationId;
  }
});
