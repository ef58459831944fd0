import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Reservation } from '../domain/reservation.js';
import { reservationSchema } from './reservation.schema.js';
import { Table } from './table.js';

const table = new Table(reservationSchema);

/** Reservations on the message paths. */
@Injectable()
export class ReservationStore {
  /** Locked in id order, so that two batches never wait for each other; a payment's rows are locked only after its reservation. */
  async lock(ids: readonly string[], tx: Transaction): Promise<Reservation[]> {
    if (ids.length === 0) return [];
    return tx.query<Reservation>(
      `select ${table.selected} from reservation where reservation_id = any($1::uuid[]) order by reservation_id for update`,
      [ids],
    );
  }

  /** The reservations that these payments pay: which never changes, so payments are looked at before they are locked. */
  async lockPaidBy(paymentIds: readonly string[], tx: Transaction): Promise<Reservation[]> {
    if (paymentIds.length === 0) return [];
    return tx.query<Reservation>(
      `select ${table.selected} from reservation
       where reservation_id = any(array(select reservation_id from payment where payment_id = any($1::uuid[])))
       order by reservation_id for update`,
      [paymentIds],
    );
  }

  async insert(reservations: readonly Reservation[], tx: Transaction): Promise<void> {
    if (reservations.length === 0) return;
    await tx.query(
      `insert into reservation (${table.names})
       select ${table.names} from json_populate_recordset(null::reservation, $1::json)`,
      [table.toJson(reservations)],
    );
  }

  /** What a reservation was sold as never changes. */
  async update(reservations: readonly Reservation[], tx: Transaction): Promise<void> {
    if (reservations.length === 0) return;
    await tx.query(
      `update reservation set
         status = changed.status,
         payment_id = changed.payment_id,
         paid_at = changed.paid_at,
         cancelled_at = changed.cancelled_at,
         refunded_amount = changed.refunded_amount
       from ${table.changed}
       where reservation.reservation_id = changed.reservation_id`,
      [table.toJson(reservations), reservations.length],
    );
  }
}
