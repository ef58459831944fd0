import type pg from 'pg';
import { type Purchase, wayTo } from './purchases.js';

export const price = 1_000;
const toppedUp = 5_000;
const kinds = { reservation: 1, payment: 2, seat: 3, claim: 4, token: 5, start: 6, concert: 7, schedule: 8, topUp: 9 };

/** An id like those made from idempotency keys, for which every inbox has a partition. */
export function idOf(kind: keyof typeof kinds, number: number, step = 0): string {
  return `ff0000${step}${kinds[kind]}-0000-8000-8000-${number.toString(16).padStart(12, '0')}`;
}

export const concertId = idOf('concert', 1);
const scheduleId = idOf('schedule', 1);
export const userOf = (number: number) => `fan-${number}`;

const isPaid = (payment: Purchase['payment']) => payment === 'EXPIRING_TOKEN' || payment === 'COMPLETED';

type Row = Readonly<Record<string, unknown>>;

const waits = { event: 'WAITS_FOR_OPERATOR' };

/** Writes what the services would have written, table by table; purchases are numbered from 1. */
export class History {
  /** A minute ago, so that nothing of it lies in the future of an audit; to the millisecond, as the services' times. */
  private readonly at = Date.now() - 60_000;

  constructor(private readonly client: pg.Client) {}

  async write(purchases: readonly Purchase[]): Promise<void> {
    await this.catalogue(purchases.length);
    for (const [index, purchase] of purchases.entries()) {
      const number = index + 1;
      await this.money(number, purchase);
      await this.seats(number, purchase);
      await this.reservation(number, purchase);
      if (purchase.payment) await this.payment(number, purchase.payment, purchase);
      if (purchase.cancellation) await this.cancellation(number, purchase);
    }
    await this.line(purchases);
    // A letter that was replayed.
    const record = { consumer: 'wallet', topic: 'wallet.commands', partition: 0, offset: 1, headers: {}, attempts: 1 };
    const letter = { id: idOf('topUp', 9_000), ...record, reason: 'fault', error: 'a bug' };
    await this.insert('wallet.dead_letter', { ...letter, parked_at: this.minutes(-8), replayed_at: this.minutes(-7) });
  }

  private minutes(later: number): Date {
    return new Date(this.at + later * 60_000);
  }

  /** Columns that the row does not name get their defaults. */
  private async insert(table: string, row: Row): Promise<void> {
    const columns = Object.keys(row)
      .map((column) => `"${column}"`)
      .join(', ');
    await this.client.query(
      `insert into ${table} (${columns}) select ${columns} from json_populate_record(null::${table}, $1)`,
      [JSON.stringify(row)],
    );
  }

  /** The last seat is blocked. */
  private async catalogue(buyers: number): Promise<void> {
    const created_at = this.minutes(-30);
    const show = { id: scheduleId, concert_id: concertId, starts_at: this.minutes(9_000), seats_total: buyers + 1 };
    await this.insert('concert.concert', { id: concertId, title: 'Winter Tour', time_zone: 'UTC', created_at });
    await this.insert('concert.schedule', { ...show, created_at });
    for (let number = 1; number <= buyers + 1; number += 1) {
      const blocked = number > buyers;
      const where = { schedule_id: scheduleId, position: number, section: 'A', row_name: '1', number, price };
      const block_reason = blocked ? 'stage' : null;
      await this.insert('concert.seat', { id: idOf('seat', number), ...where, blocked, block_reason });
    }
  }

  /** A top-up, and what the payment did to the wallet, with the barriers and inbox rows that the wallet keeps of it. */
  private async money(number: number, { payment, debited, refunded }: Purchase): Promise<void> {
    const paymentId = idOf('payment', number);
    await this.transfer(number, 'TOP_UP', toppedUp, toppedUp);
    await this.answered(number, 0, { topUpId: idOf('topUp', number), balance: toppedUp });
    const left = debited ? toppedUp - price : toppedUp;
    if (debited) {
      await this.transfer(number, 'DEBIT', -price, left);
      await this.answered(number, 1, { paymentId, moved: price, balance: left });
    }
    if (debited) await this.barrier(number, 'DEBIT', price, left);
    if (payment === 'REJECTED') await this.barrier(number, 'DEBIT', 0, left);
    if (refunded) {
      await this.transfer(number, 'REFUND', price, toppedUp);
      await this.barrier(number, 'REFUND', price, toppedUp);
      await this.answered(number, 2, { paymentId, moved: price, balance: toppedUp });
    }
    const balance = refunded ? toppedUp : left;
    await this.insert('wallet.wallet', { user_id: userOf(number), balance, updated_at: this.minutes(-5) });
  }

  private async transfer(number: number, kind: 'TOP_UP' | 'DEBIT' | 'REFUND', amount: number, balance: number) {
    const step = ['TOP_UP', 'DEBIT', 'REFUND'].indexOf(kind);
    const transfer_id = idOf('topUp', number, step + 1);
    const cause = kind === 'TOP_UP' ? { top_up_id: idOf('topUp', number) } : { payment_id: idOf('payment', number) };
    await this.insert('wallet.transfer', { id: transfer_id, kind, ...cause, created_at: this.minutes(-5) });
    const account = kind === 'TOP_UP' ? 'outside' : 'sales';
    const mine = { account: `wallet:${userOf(number)}`, amount, balance_after: balance };
    await this.insert('wallet.entry', { id: idOf('topUp', number, step + 4), transfer_id, account, amount: -amount });
    await this.insert('wallet.entry', { id: idOf('topUp', number, step + 7), transfer_id, ...mine });
  }

  private barrier(number: number, operation: 'DEBIT' | 'REFUND', moved: number, balance: number): Promise<void> {
    const of = { payment_id: idOf('payment', number), operation, user_id: userOf(number) };
    const result = moved > 0 ? 'MOVED' : 'NOT_ENOUGH_BALANCE';
    const came = { asked: price, moved, result, balance, created_at: this.minutes(-5) };
    return this.insert('wallet.barrier', { ...of, ...came });
  }

  private answered(number: number, step: number, body: Row): Promise<void> {
    const message_id = idOf('claim', number, step);
    return this.insert('wallet.inbox', { consumer: 'wallet', message_id, outcome: { kind: 'answered', body } });
  }

  private async seats(number: number, { claim, decided, lapsed }: Purchase): Promise<void> {
    const payment_id = idOf('payment', number);
    const of = { seat_id: idOf('seat', number), schedule_id: scheduleId, user_id: userOf(number) };
    await this.insert('concert.claim', {
      id: idOf('claim', number),
      ...of,
      reservation_id: idOf('reservation', number),
      claimed_at: this.minutes(-9),
      held_until: this.minutes(lapsed ? -1 : 60),
      ...(decided === 'confirmed' ? { status: 'SOLD', payment_id } : { status: 'HELD' }),
      ...(claim === 'ENDED' && { ended_at: this.minutes(0), end_reason: 'EXPIRED' }),
    });
    if (!decided) return;
    await this.insert('concert.confirmation', { payment_id, result: decided, decided_at: this.minutes(-4) });
  }

  private async reservation(number: number, purchase: Purchase): Promise<void> {
    const { reservation: status, payment, cancellation, lapsed } = purchase;
    if (status === null) return;
    await this.insert('reservation.reservation', {
      reservation_id: idOf('reservation', number),
      user_id: userOf(number),
      status,
      ...{ concert_id: concertId, title: 'Winter Tour', schedule_id: scheduleId, time_zone: 'UTC' },
      seats: [{ seatId: idOf('seat', number), section: 'A', row: '1', number, price }],
      ...{ amount: price, currency: 'KRW', starts_at: this.minutes(9_000), created_at: this.minutes(-9) },
      expires_at: this.minutes(lapsed ? -1 : 60),
      payment_id: payment ? idOf('payment', number) : null,
      paid_at: isPaid(payment) ? this.minutes(-3) : null,
      refunded_amount: cancellation === 'RELEASING' || cancellation === 'DONE' ? price : 0,
    });
  }

  private async payment(number: number, state: keyof typeof wayTo, purchase: Purchase): Promise<void> {
    const payment_id = idOf('payment', number);
    const start = idOf('start', number);
    await this.insert('reservation.payment', {
      ...{ payment_id, reservation_id: idOf('reservation', number), user_id: userOf(number), state },
      ...{ amount: price, currency: 'KRW', start_message_id: start },
      place: { concertId, generation: 1, queueNumber: number, tokenId: idOf('token', number) },
      paid_at: isPaid(state) ? this.minutes(-3) : null,
      ...this.pending(purchase.cancellation ? {} : purchase, ['COMPLETED', 'REJECTED', 'COMPENSATED'].includes(state)),
    });
    const entries: Row[] = wayTo[state].map((passed, index) => ({
      ...{ state: passed, event: 'MOVED' },
      message_id: idOf('start', number, index),
    }));
    if (purchase.reply === 'parked') entries.push(await this.parkedReply(number, state, entries.length));
    // It was the last of them, and had made the payment wait where that was.
    if (purchase.reply === 'replayed') {
      const [before, last] = entries.slice(-2) as [Row, Row];
      entries.splice(-1, 0, { ...waits, state: before.state, message_id: last.message_id });
    }
    for (const [index, entry] of entries.entries()) {
      const about = { payment_id, seq: index + 1, at: this.minutes(-5) };
      await this.insert('reservation.payment_timeline', { ...about, ...entry });
    }
    const outcome = { kind: 'open' };
    await this.insert('reservation.inbox', { consumer: 'reservation', message_id: start, outcome });
  }

  /** A reply in the dead letters, and the entry that its parking left in the timeline. */
  private async parkedReply(number: number, state: string, step: number): Promise<Row> {
    const message_id = idOf('start', number, step);
    const record = { consumer: 'reservation', topic: 'payment-saga.replies', partition: 0, offset: 1, headers: {} };
    const letter = { id: idOf('topUp', 9_001), ...record, message_id, type: 'reply.Answered.v1', attempts: 1 };
    await this.insert('reservation.dead_letter', { ...letter, reason: 'fault', error: 'a bug' });
    const outcome = { kind: 'parked', reason: 'fault' };
    await this.insert('reservation.inbox', { consumer: 'reservation', message_id, outcome });
    return { ...waits, state, message_id };
  }

  private cancellation(number: number, purchase: Purchase): Promise<void> {
    const of = { reservation_id: idOf('reservation', number), payment_id: idOf('payment', number) };
    const { cancellation: state } = purchase;
    return this.insert('reservation.cancellation', { ...of, state, ...this.pending(purchase, state === 'DONE') });
  }

  /** What both sagas keep of the step they are at. */
  private pending({ late, stuck }: Pick<Purchase, 'late' | 'stuck'>, finished: boolean): Row {
    return {
      ...{
        correlation_id: 'c',
        waiters: [],
        attempts: 1,
        created_at: this.minutes(-5),
        step_sent_at: this.minutes(-5),
      },
      deadline_at: this.minutes(late ? -4 : 5),
      next_check_at: finished || stuck ? null : this.minutes(2),
      stuck_reason: stuck ? 'no answer' : null,
      finished_at: finished ? this.minutes(-2) : null,
    };
  }

  /** Everybody who buys was let in by one of two ticks; two more wait behind them. */
  private async line(purchases: readonly Purchase[]): Promise<void> {
    const count = purchases.length;
    const ticks = [
      { tick_number: 1, at: this.minutes(-20), from_number: 1, to_number: 3, activated: 3 },
      { tick_number: 2, at: this.minutes(-19), from_number: 4, to_number: count, activated: count - 3 },
    ];
    const capped = { activation_batch: 5, tick_ms: 1_000, max_active: count, active: count, limited_by: 'CAP' };
    const empty = { from_number: count + 1, to_number: count, activated: 0 };
    const idle = { tick_number: 3, at: this.minutes(-18), ...empty, ...capped };
    const room = { generation: 1, mode: 'OPEN', version: 1, tick_number: 3, snapshot_due: false };
    const times = { next_tick_at: this.minutes(0), last_tick_at: this.minutes(-18), purged_at: this.minutes(-20) };
    const numbers = { last_number: count + 2, serving_number: count };
    // The first three were drawn.
    const registrations = [2, 3, 1];
    const draw = { draw_seed: '0'.repeat(64), registered: 3, drawn_to: 3 };
    await this.insert('queue.waiting_room', { concert_id: concertId, ...room, ...numbers, ...draw, ...times });
    for (const tick of [...ticks, idle]) {
      await this.insert('queue.activation_log', { concert_id: concertId, generation: 1, ...tick, passed_over: 0 });
    }
    for (let number = 1; number <= count + 2; number += 1) {
      const tick = ticks.find(({ to_number }) => number <= to_number);
      const { spent = false } = purchases[number - 1] ?? {};
      await this.insert('queue.place', {
        ...{ concert_id: concertId, generation: 1, queue_number: number },
        registration: registrations[number - 1] ?? null,
        ...{ token_id: idOf('token', number), user_id: userOf(number) },
        ...{ issued_at: this.minutes(-25), lease_until: this.minutes(15) },
        status: !tick ? 'WAITING' : spent ? 'SPENT' : 'ACTIVE',
        ...(tick && { activated_at: tick.at, active_until: this.minutes(10) }),
        finished_at: spent ? this.minutes(-2) : null,
      });
    }
  }
}
