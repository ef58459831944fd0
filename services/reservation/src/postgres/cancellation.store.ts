import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Cancellation } from '../domain/cancellation-saga.js';
import { cancellationSchema } from './cancellation.schema.js';
import { type CutOff, cutOffRows, type MarkedStuck } from './cut-off.js';
import { claimDueSagas } from './due-sagas.js';
import { Table } from './table.js';

const table = new Table(cancellationSchema);

/** Cancellations of paid reservations on the message paths. */
@Injectable()
export class CancellationStore {
  /** Locked in id order, after their reservations and payments. */
  async lock(reservationIds: readonly string[], tx: Transaction): Promise<Cancellation[]> {
    if (reservationIds.length === 0) return [];
    return tx.query<Cancellation>(
      `select ${table.selected} from cancellation
       where reservation_id = any($1::uuid[]) order by reservation_id for update`,
      [reservationIds],
    );
  }

  async upsert(cancellations: readonly Cancellation[], tx: Transaction): Promise<void> {
    if (cancellations.length === 0) return;
    await tx.query(
      `insert into cancellation (${table.names})
       select ${table.names} from json_populate_recordset(null::cancellation, $1::json)
       on conflict (reservation_id) do update set
         state = excluded.state,
         waiters = excluded.waiters,
         last_request_id = excluded.last_request_id,
         step_sent_at = excluded.step_sent_at,
         attempts = excluded.attempts,
         next_check_at = excluded.next_check_at,
         deadline_at = excluded.deadline_at,
         grace_ends_at = excluded.grace_ends_at,
         stuck_reason = excluded.stuck_reason,
         finished_at = excluded.finished_at`,
      [table.toJson(cancellations)],
    );
  }

  /** The same for open cancellations as `PaymentStore.markStuck`, after the payments. */
  async markStuck(cut: readonly CutOff[], tx: Transaction): Promise<MarkedStuck[]> {
    return tx.query<MarkedStuck & { [column: string]: string }>(
      `with open as materialized (
         select reservation_id, payment_id from cancellation
         where finished_at is null and stuck_reason is null and (
           reservation_id in (select "reservationId" from ${cutOffRows}) or
           payment_id in (select "cancelledPaymentId" from ${cutOffRows})
         )
         order by reservation_id for update
       ), why as (
         select distinct on (open.reservation_id) open.reservation_id, cut.reason
         from open join ${cutOffRows}
           on cut."reservationId" = open.reservation_id or cut."cancelledPaymentId" = open.payment_id
         order by open.reservation_id, cut."messageId"
       )
       update cancellation set stuck_reason = why.reason, next_check_at = null
       from why where cancellation.reservation_id = why.reservation_id
       returning cancellation.payment_id as "paymentId", why.reason`,
      [JSON.stringify(cut)],
    );
  }

  /** See `claimDueSagas`. */
  claimDue(limit: number, tx: Transaction) {
    return claimDueSagas<{ reservationId: string; correlationId: string }>(
      {
        table: 'cancellation',
        key: 'reservation_id',
        returned: `saga.reservation_id as "reservationId", saga.correlation_id as "correlationId"`,
      },
      limit,
      tx,
    );
  }
}
