import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Classes with a line and a share of their own. Each has numbers of its own range, so that a place's number says its class; what
 * was there before is everybody's, class 0.
 */
export class AdmissionClasses1795716000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table waiting_room add column classes jsonb not null default '[]'`);
    await runner.query('alter table activation_log add column class int not null default 0');
    await runner.query(
      `alter table activation_log drop constraint activation_log_pkey,
         add primary key (concert_id, generation, tick_number, class)`,
    );
    await runner.query('alter table line_count add column class int not null default 0');
    await runner.query('alter table line_count drop constraint line_count_pkey, add primary key (concert_id, class)');
  }

  async down(): Promise<void> {
    throw new Error('a line is not dropped');
  }
}
