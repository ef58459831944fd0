import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rooms that are open already have no seed, so that whoever joins them goes on getting a number. */
export class PreQueue1795681800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table waiting_room
         add column draw_seed text,
         add column registered int not null default 0,
         add column drawn_to int check (drawn_to <= registered)`,
    );
    // A registered place has the number -registration until its own is drawn.
    await runner.query('alter table place add column registration int');
  }

  async down(): Promise<void> {
    throw new Error('a line is not dropped');
  }
}
