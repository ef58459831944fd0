import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When the tick that is due was sent: one that is lost or parked is sent again. Null is long ago. */
export class TickSentAt1795766400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('alter table waiting_room add column tick_sent_at timestamptz(3)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('alter table waiting_room drop column tick_sent_at');
  }
}
