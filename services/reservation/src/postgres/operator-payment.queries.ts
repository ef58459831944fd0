import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, In } from 'typeorm';
import type { OperatedPayment } from '../domain/operator-acts.js';
import type { OperatorStatus } from '../domain/operator-payment-body.js';
import { statesShownAs } from '../domain/payment.js';
import { cancellationSchema } from './cancellation.schema.js';
import { type PaymentRow, paymentSchema, timelineSchema } from './payment.schema.js';
import { withTimelines } from './timelines.js';

/** Where a page of the list begins: after this payment. */
export interface PaymentPosition {
  readonly createdAt: Date;
  readonly paymentId: string;
}

export interface PaymentFilter {
  readonly status?: OperatorStatus | undefined;
  readonly after?: PaymentPosition | undefined;
  readonly limit: number;
}

/** Payments that wait for an operator: their own saga or their cancellation's is STUCK. Two indexes hold nothing else. */
const stuckPayments = `(
  select payment_id from payment where stuck_reason is not null
  union all
  select payment_id from cancellation where stuck_reason is not null)`;

/** Payments of all users as operators ask for them, outside the fold. */
@Injectable()
export class OperatorPaymentQueries {
  constructor(private readonly dataSource: DataSource) {}

  one(paymentId: string): Promise<OperatedPayment | null> {
    return this.atOneMoment(async (manager) => {
      const rows = await manager.getRepository(paymentSchema).findBy({ paymentId });
      return (await operated(rows, manager))[0] ?? null;
    });
  }

  /** Newest first, at most `limit`. */
  list({ status, after, limit }: PaymentFilter): Promise<OperatedPayment[]> {
    return this.atOneMoment(async (manager) => {
      const query = manager.getRepository(paymentSchema).createQueryBuilder('payment');
      if (status === 'STUCK') query.andWhere(`payment.payment_id in ${stuckPayments}`);
      else if (status) {
        query.andWhere(`payment.payment_id not in ${stuckPayments}`);
        query.andWhere('payment.state in (:...states)', { states: statesShownAs(status) });
        // Says no more than the states do, but an index knows it: the open ones are few.
        if (status === 'PROCESSING') query.andWhere('payment.finished_at is null');
      }
      if (after) query.andWhere('(payment.created_at, payment.payment_id) < (:createdAt, :paymentId)', { ...after });
      query.orderBy('payment.createdAt', 'DESC').addOrderBy('payment.paymentId', 'DESC').limit(limit);
      return operated(await query.getMany(), manager);
    });
  }

  /** How many sagas are STUCK now, counted up to `limit` of each kind. */
  async countStuck(limit: number): Promise<number> {
    const [row] = await this.dataSource.query<[{ stuck: number }]>(
      `select count(*)::int as stuck from (
         (select from payment where stuck_reason is not null limit $1)
         union all
         (select from cancellation where stuck_reason is not null limit $1)
       ) saga`,
      [limit],
    );
    return row.stuck;
  }

  /** A payment, its timeline and its cancellation must tell one story. */
  private atOneMoment<Result>(read: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.dataSource.transaction('REPEATABLE READ', read);
  }
}

async function operated(rows: readonly PaymentRow[], manager: EntityManager): Promise<OperatedPayment[]> {
  if (rows.length === 0) return [];
  const paymentId = In(rows.map((row) => row.paymentId));
  const reservationId = In(rows.map((row) => row.reservationId));
  const entries = await manager
    .getRepository(timelineSchema)
    .find({ where: { paymentId }, order: { paymentId: 'ASC', seq: 'ASC' } });
  const cancellations = await manager.getRepository(cancellationSchema).findBy({ reservationId });
  return withTimelines(rows, entries).map((payment) => ({
    payment,
    cancellation: cancellations.find((each) => each.paymentId === payment.paymentId) ?? null,
  }));
}
