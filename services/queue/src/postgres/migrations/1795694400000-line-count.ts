import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who lives in a long line, as it was counted last. */
export class LineCount1795694400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `create table line_count (
         concert_id uuid primary key,
         generation int not null,
         from_number int not null,
         to_number int not null,
         live int[] not null,
         counted_at timestamptz not null
       )`,
    );
  }

  async down(): Promise<void> {
    throw new Error('a line is not dropped');
  }
}
