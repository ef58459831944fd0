import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What operators set for a room, and why a tick let in whom it did. Ticks that were logged before know no figures; a row
 * whose `to_number` is below its `from_number` is a tick that moved nobody.
 */
export class Controls1795675200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `alter table waiting_room
         add column message text,
         add column uncapped boolean not null default false,
         add column idle_limit text`,
    );
    await runner.query(
      `alter table activation_log
         add column activation_batch int,
         add column tick_ms int,
         add column max_active int,
         add column active int,
         add column waiting int,
         add column limited_by text`,
    );
  }

  async down(): Promise<void> {
    throw new Error('a line is not dropped');
  }
}
