import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What became of the places that purges deleted: how many of those who joined in an hour, by outcome and step of their wait. */
export class Funnel1795678200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table funnel (
         concert_id uuid not null,
         hour timestamptz(3) not null,
         outcome text not null,
         wait_step int not null,
         places int not null,
         primary key (concert_id, hour, outcome, wait_step)
       )`,
    );
  }

  async down(): Promise<void> {
    throw new Error('what was counted cannot be counted again');
  }
}
