import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An operator gives a saga a new deadline and grace, so its grace no longer follows from when it began. Null: it does. */
export class GraceEndsAt1795645419299 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const table of sagas) await runner.query(`alter table ${table} add column grace_ends_at timestamptz(3)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of sagas) await runner.query(`alter table ${table} drop column grace_ends_at`);
  }
}

const sagas = ['payment', 'cancellation'];
