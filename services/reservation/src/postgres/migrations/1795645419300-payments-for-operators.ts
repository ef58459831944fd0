import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the operators' list of payments and the count of STUCK sagas read, without a look at every payment there ever was. */
export class PaymentsForOperators1795645419300 implements MigrationInterface {
  /** An index is built beside the writes of the running processes only outside a transaction. */
  readonly transaction = false;

  async up(runner: QueryRunner): Promise<void> {
    for (const [name, definition] of indexes) {
      // What a build that was interrupted has left behind is of no use.
      await runner.query(`drop index concurrently if exists ${name}`);
      await runner.query(`create index concurrently ${name} on ${definition}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name] of indexes) await runner.query(`drop index concurrently ${name}`);
  }
}

const indexes = [
  ['payment_newest', 'payment (created_at desc, payment_id desc)'],
  ['payment_unpaid', `payment (state, created_at desc, payment_id desc) where state in ('REJECTED', 'COMPENSATED')`],
  ['payment_stuck', 'payment (payment_id) where stuck_reason is not null'],
  ['cancellation_stuck', 'cancellation (payment_id) where stuck_reason is not null'],
] as const;
