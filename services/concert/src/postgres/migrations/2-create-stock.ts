import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which schedules are to be counted. Those that are there already are due at once; one that an older process makes
 * meanwhile becomes so with its first sale.
 */
export class CreateStock1795680000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table stock (
        schedule_id uuid primary key references schedule,
        due boolean not null,
        asked_at timestamptz(3),
        version int not null default 0
      ) with (fillfactor = 80)`);
    await runner.query('create index stock_due on stock (schedule_id) where due');
    await runner.query('insert into stock (schedule_id, due) select id, true from schedule');
  }

  async down(): Promise<void> {
    throw new Error('counts that were told are not taken back');
  }
}
