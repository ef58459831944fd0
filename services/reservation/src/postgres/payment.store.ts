import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Payment } from '../domain/payment.js';
import { type CutOff, cutOffRows, type MarkedStuck } from './cut-off.js';
import { claimDueSagas } from './due-sagas.js';
import { type PaymentRow, paymentSchema, type TimelineRow, timelineSchema } from './payment.schema.js';
import { Table } from './table.js';
import { withTimelines } from './timelines.js';

const payments = new Table(paymentSchema);
const timelines = new Table(timelineSchema);

/** Payments and their timelines on the message paths. */
@Injectable()
export class PaymentStore {
  /**
   * Payments by their ids, and by the commands that began them, with their timelines. Locked in id order; the timelines are
   * only ever written under their payment's lock.
   */
  async lock(ids: readonly string[], startMessageIds: readonly string[], tx: Transaction): Promise<Payment[]> {
    if (ids.length + startMessageIds.length === 0) return [];
    const [rows, entries] = await Promise.all([
      tx.query<PaymentRow>(
        `select ${payments.selected} from payment
         where payment_id = any($1::uuid[]) or start_message_id = any($2::uuid[])
         order by payment_id for update`,
        [ids, startMessageIds],
      ),
      tx.query<TimelineRow>(
        `select ${timelines.selected} from payment_timeline
         where payment_id = any($1::uuid[] || array(select payment_id from payment where start_message_id = any($2::uuid[])))
         order by payment_id, seq`,
        [ids, startMessageIds],
      ),
    ]);
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
         deadline_at = changed.deadline_at,
         grace_ends_at = changed.grace_ends_at,
         stuck_reason = changed.stuck_reason,
         paid_at = changed.paid_at,
         finished_at = changed.finished_at
       from ${payments.changed}
       where payment.payment_id = changed.payment_id`,
      [payments.toJson(changed), changed.length],
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

  /** Whose reservations must be locked before these sagas are marked. Read without a lock: which reservation a payment pays never changes. */
  async reservationsCutOff(cut: readonly CutOff[], tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ reservationId: string }>(
      `select "reservationId" from ${cutOffRows} where "reservationId" is not null
       union
       select payment.reservation_id from ${cutOffRows}
       join payment on payment.payment_id = cut."paymentId" or payment.start_message_id = cut."startMessageId"`,
      [JSON.stringify(cut)],
    );
    return rows.map(({ reservationId }) => reservationId);
  }

  /**
   * Marks the open payments among those cut off as STUCK, with an entry in their timelines; one that is STUCK stays as it
   * is. Only columns are compared: a row that no decision can make sense of is marked too. Locked in id order, under their
   * reservations' locks.
   */
  async markStuck(cut: readonly CutOff[], tx: Transaction): Promise<MarkedStuck[]> {
    return tx.query<MarkedStuck & { [column: string]: string }>(
      `with open as materialized (
         select payment_id, start_message_id from payment
         where finished_at is null and stuck_reason is null and (
           payment_id in (select "paymentId" from ${cutOffRows}) or
           start_message_id in (select "startMessageId" from ${cutOffRows})
         )
         order by payment_id for update
       ), why as (
         select distinct on (open.payment_id) open.payment_id, cut."messageId" as message_id, cut.reason
         from open join ${cutOffRows} on cut."paymentId" = open.payment_id or cut."startMessageId" = open.start_message_id
         order by open.payment_id, cut."messageId"
       ), marked as (
         update payment set stuck_reason = why.reason, next_check_at = null
         from why where payment.payment_id = why.payment_id
         returning payment.payment_id, payment.state, why.message_id, why.reason
       ), noted as (
         insert into payment_timeline (payment_id, seq, at, state, event, message_id)
         select payment_id, 1 + (select coalesce(max(seq), 0) from payment_timeline entry where entry.payment_id = marked.payment_id),
           $2, state, 'WAITS_FOR_OPERATOR', message_id
         from marked
       )
       select payment_id as "paymentId", reason from marked`,
      [JSON.stringify(cut), tx.now],
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
