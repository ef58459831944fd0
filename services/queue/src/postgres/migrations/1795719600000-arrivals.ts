import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who came when it was their turn, and how far the first estimate of their wait was off. */
export class Arrivals1795719600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter table place add column arrived_at timestamptz(3), add column estimated_at timestamptz(3)',
    );
    await runner.query('alter table funnel add column error_step int not null default -1');
    await runner.query(
      `alter table funnel drop constraint funnel_pkey,
         add primary key (concert_id, hour, outcome, wait_step, error_step)`,
    );
  }

  async down(): Promise<void> {
    throw new Error('what was counted cannot be counted again');
  }
}
