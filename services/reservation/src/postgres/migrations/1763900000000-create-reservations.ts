import { createMessagingTables } from '#messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateReservations1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['sweep', 'cancellation', 'payment_timeline', 'payment', 'reservation']) {
      await runner.query(`drop table ${table}`);
    }
    for (const table of ['timer', 'dead_letter', 'outbox', 'inbox', 'lane']) await runner.query(`drop table ${table}`);
  }
}

const sagaColumns = `
  last_request_id uuid,
  step_sent_at timestamptz(3) not null,
  attempts int not null check (attempts > 0),
  next_check_at timestamptz(3),
  created_at timestamptz(3) not null,
  deadline_at timestamptz(3) not null,
  stuck_reason text,
  finished_at timestamptz(3)`;

const statements = [
  `create table reservation (
     reservation_id uuid primary key,
     user_id text not null,
     status text not null check (status in ('WAITING', 'PAYING', 'CONFIRMED', 'EXPIRED', 'CANCELLING', 'CANCELLED')),
     concert_id uuid not null,
     title text not null,
     venue text,
     schedule_id uuid not null,
     starts_at timestamptz(3) not null,
     time_zone text not null,
     seats jsonb not null,
     amount bigint not null check (amount >= 0),
     currency text not null,
     expires_at timestamptz(3) not null,
     created_at timestamptz(3) not null,
     payment_id uuid,
     paid_at timestamptz(3),
     cancelled_at timestamptz(3),
     refunded_amount bigint not null check (refunded_amount between 0 and amount)
   )`,
  // The user's list, newest first.
  `create index reservation_of_user on reservation (user_id, created_at desc, reservation_id desc)`,
  // The sweep: unpaid ones in the order of their ends.
  `create index reservation_to_sweep on reservation (expires_at, reservation_id) where status = 'WAITING'`,
  `create table payment (
     payment_id uuid primary key,
     reservation_id uuid not null references reservation,
     user_id text not null,
     amount bigint not null check (amount >= 0),
     currency text not null,
     state text not null check (state in (
       'DEBITING', 'CONFIRMING', 'REVOKING', 'REFUNDING', 'EXPIRING_TOKEN', 'COMPLETED', 'REJECTED', 'COMPENSATED'
     )),
     compensating boolean generated always as (state in ('REVOKING', 'REFUNDING')) stored,
     place jsonb not null,
     start_message_id uuid not null,
     correlation_id text not null,
     waiters jsonb not null,
     failure jsonb,
     paid_at timestamptz(3),
     ${sagaColumns}
   )`,
  // At most one payment of a reservation is open or has completed: the second guarantee behind PAYING.
  `create unique index payment_live on payment (reservation_id) where state not in ('REJECTED', 'COMPENSATED')`,
  // A repeated StartPayment finds its payment.
  `create unique index payment_by_start on payment (start_message_id)`,
  `create index payment_to_check on payment (next_check_at) where finished_at is null`,
  `create table payment_timeline (
     payment_id uuid not null references payment,
     seq int not null check (seq > 0),
     at timestamptz(3) not null,
     state text not null,
     event text not null,
     message_id uuid not null,
     primary key (payment_id, seq)
   )`,
  `create table cancellation (
     reservation_id uuid primary key references reservation,
     payment_id uuid not null references payment,
     state text not null check (state in ('REFUNDING', 'RELEASING', 'DONE')),
     correlation_id text not null,
     waiters jsonb not null,
     ${sagaColumns}
   )`,
  `create index cancellation_to_check on cancellation (next_check_at) where finished_at is null`,
  // How far the running round of a sweep has come; nulls between two rounds.
  `create table sweep (
     name text primary key,
     expires_at timestamptz(3),
     reservation_id uuid
   )`,
];
