import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The seats that are left, as the concert service counts them, and joins that need not wait. */
export class Stock1795680000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table stock (
         schedule_id uuid primary key,
         concert_id uuid not null,
         version int not null,
         seats_left int not null check (seats_left >= 0),
         seats_sold int not null check (seats_sold >= 0),
         buyers int not null check (buyers >= 0)
       ) with (fillfactor = 80)`,
    );
    await runner.query('create index stock_of_concert on stock (concert_id)');
    await runner.query('alter table waiting_room add column instant_below int check (instant_below > 0)');
    // Who became active within an interval is counted over generations. The log has a row for each tick that moved a line:
    // the index is there in a moment.
    await runner.query('create index activation_log_of_interval on activation_log (concert_id, at)');
  }

  async down(): Promise<void> {
    throw new Error('a line is not dropped');
  }
}
