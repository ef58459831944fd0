import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createMessagingTables } from '#messaging';

export class WaitingRoom1764000000000 implements MigrationInterface {
  name = 'WaitingRoom1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of statements) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('a line is not dropped');
  }
}

const statements = [
  // A null figure of a room's own (batch, tick, cap) means: what the service's settings say.
  `create table waiting_room (
     concert_id uuid primary key,
     generation int not null default 1,
     mode text not null default 'OPEN' check (mode in ('OPEN', 'PAUSED', 'DRAIN', 'CLOSED')),
     sales_open_at timestamptz(3),
     activation_batch int check (activation_batch > 0),
     tick_ms int check (tick_ms > 0),
     max_active int check (max_active > 0),
     last_number int not null default 0,
     serving_number int not null default 0 check (serving_number <= last_number),
     version int not null default 0,
     tick_number int not null default 0,
     next_tick_at timestamptz(3) not null,
     tick_sent_for timestamptz(3),
     last_tick_at timestamptz(3) not null,
     snapshot_at timestamptz(3),
     snapshot_due boolean not null default false,
     judged_after timestamptz(3),
     outage_from timestamptz(3),
     purged_at timestamptz(3) not null
   ) with (fillfactor = 80)`,
  // lease_until is in no index and a page keeps a fifth of its room free, so that a renewal touches one page (HOT).
  `create table place (
     concert_id uuid not null,
     generation int not null,
     queue_number int not null,
     token_id uuid not null unique,
     user_id text not null,
     status text not null check (status in ('WAITING', 'ACTIVE', 'SPENT', 'LEFT', 'EXPIRED')),
     issued_at timestamptz(3) not null,
     lease_until timestamptz(3) not null,
     activated_at timestamptz(3),
     active_until timestamptz(3),
     finished_at timestamptz(3),
     primary key (concert_id, generation, queue_number),
     check ((activated_at is null) = (active_until is null)),
     check (status <> 'ACTIVE' or active_until is not null)
   ) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05)`,
  // One live place per user and concert, whatever the code does.
  `create unique index place_of_user on place (concert_id, user_id) where status in ('WAITING', 'ACTIVE')`,
  // The line, for ticks and counts.
  `create index place_waiting on place (concert_id, generation, queue_number) where status = 'WAITING'`,
  // What snapshots list by number.
  `create index place_gone on place (concert_id, generation, queue_number) where status in ('SPENT', 'LEFT')`,
  // What a purge may take out of the middle of a line.
  `create index place_dead on place (concert_id, generation, queue_number)
     where status = 'EXPIRED' and activated_at is null`,
  // One row per tick that moved the line: [from, to] is settled, \`activated\` of it by a pass.
  `create table activation_log (
     concert_id uuid not null,
     generation int not null,
     tick_number int not null,
     at timestamptz(3) not null,
     from_number int not null,
     to_number int not null,
     activated int not null,
     passed_over int not null,
     passed_over_from int,
     passed_over_bits text,
     primary key (concert_id, generation, tick_number),
     check (activated + passed_over = to_number - from_number + 1)
   )`,
  `create index activation_log_at on activation_log (concert_id, generation, at)`,
];
