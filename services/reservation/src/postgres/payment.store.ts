import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Payment } from '../domain/payment.js';
import { claimDueSagas } from './due-sagas.js';
import { type PaymentRow, paymentSchema, type TimelineRow, timelineSchema } from './payment.schema.js';
import { Table } from './table.js';
import { withTimelines } from './timelines.js';

const payments = new Table(paymentSchema);
const timelines = new Table(timelineSchema);

/** Payments and their timelines on the message paths. */
@Injectable()
export class PaymentStore {
  /** Which reservations the payments pay. Read without a lock: the reservations must be locked before the payments. */
  async reservationsOf(paymentIds: readonly string[], tx: Transaction): Promise<string[]> {
    if (paymentIds.length === 0) return [];
    const rows = await tx.query<{ reservationId: string }>(
      `select distinct reservation_id as "reservationId" from payment where payment_id = any($1::uuid[])`,
      [paymentIds],
    );
    return rows.map(({ reservationId }) => reservationId);
  }

  /**
   * Payments by their ids, and by the commands that began them, with their timelines. Locked in id order; the timelines are
   * only ever written under their payment's lock.
   */
  async lock(ids: readonly string[], startMessageIds: readonly string[], tx: Transaction): Promise<Payment[]> {
    if (ids.length + startMessageIds.length === 0) return [];
    const rows = await tx.query<PaymentRow>(
      `select ${payments.selected} from payment
       where payment_id = any($1::uuid[]) or start_message_id = any($2::uuid[])
       order by payment_id for update`,
      [ids, startMessageIds],
    );
    if (rows.length === 0) return [];
    const entries = await tx.query<TimelineRow>(
      `select ${timelines.selected} from payment_timeline where payment_id = any($1::uuid[]) order by payment_id, seq`,
      [rows.map(({ paymentId }) => paymentId)],
    );
    return withTimelines(rows, entries);
  }

  async insert(created: readonly PaymentRow[], tx: Transaction): Promise<void> {
    if (created.length === 0) return;
    await tx.query(
      `insert into payment (${payments.names})
       select ${payments.names} from json_populate_recordset(null::payment, $1::json)`,
      [payments.toJson(created)],
    );
  }

  async update(changed: readonly PaymentRow[], tx: Transaction): Promise<void> {
    if (changed.length === 0) return;
    await tx.query(
      `update payment set
         state = changed.state,
         waiters = changed.waiters,
         failure = changed.failure,
         last_request_id = changed.last_request_id,
         step_sent_at = changed.step_sent_at,
         attempts = changed.attempts,
         next_check_at = changed.next_check_at,
         stuck_reason = changed.stuck_reason,
         paid_at = changed.paid_at,
         finished_at = changed.finished_at
       from json_populate_recordset(null::payment, $1::json) changed
       where payment.payment_id = changed.payment_id`,
      [payments.toJson(changed)],
    );
  }

  /** Adds what happened since `savedEntries`; what is written stays as it is. */
  async appendTimelines(
    changed: readonly { readonly payment: Payment; readonly savedEntries: number }[],
    tx: Transaction,
  ): Promise<void> {
    const added = changed.flatMap(({ payment: { paymentId, timeline }, savedEntries }) =>
      timeline.map((entry, index) => ({ ...entry, paymentId, seq: index + 1 })).slice(savedEntries),
    );
    if (added.length === 0) return;
    await tx.query(
      `insert into payment_timeline (${timelines.names})
       select ${timelines.names} from json_populate_recordset(null::payment_timeline, $1::json)`,
      [timelines.toJson(added)],
    );
  }

  /** See `claimDueSagas`. */
  claimDue(limit: number, tx: Transaction) {
    return claimDueSagas<{ reservationId: string; paymentId: string; correlationId: string }>(
      {
        table: 'payment',
        key: 'payment_id',
        returned: `saga.reservation_id as "reservationId", saga.payment_id as "paymentId", saga.correlation_id as "correlationId"`,
      },
      limit,
      tx,
    );
  }
}
