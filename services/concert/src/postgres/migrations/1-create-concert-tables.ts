import { createMessagingTables } from '#messaging';
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class CreateConcertTables1795000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of statements) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('The first migration is undone by dropping the schema');
  }
}

const statements = [
  `create table concert (
     id uuid primary key,
     title text not null,
     artist text,
     venue text,
     time_zone text not null,
     sales_open_at timestamptz(3),
     sales_close_at timestamptz(3),
     created_at timestamptz(3) not null
   )`,
  // The public list is newest first; ids made from idempotency keys do not sort by time.
  `create index concert_newest on concert (created_at desc, id desc)`,
  `create table schedule (
     id uuid primary key,
     concert_id uuid not null references concert,
     starts_at timestamptz(3) not null,
     seats_total int not null check (seats_total > 0),
     created_at timestamptz(3) not null
   )`,
  `create index schedule_of_concert on schedule (concert_id, starts_at, id)`,
  // Free or taken is not written here: that is the live claim's to say. Seats are made by the statement that makes their
  // schedule, and nothing deletes either: a foreign key would only double the 0.9 s that 100,000 of them take.
  `create table seat (
     id uuid primary key,
     schedule_id uuid not null,
     position int not null,
     section text not null,
     row_name text not null,
     number int not null,
     price bigint not null check (price >= 0),
     blocked boolean not null default false,
     block_reason text,
     check (blocked = (block_reason is not null))
   )`,
  `create unique index seat_in_order on seat (schedule_id, section, position)`,
  `create index seat_blocked on seat (schedule_id) where blocked`,
  `create table claim (
     id uuid primary key,
     seat_id uuid not null references seat,
     schedule_id uuid not null,
     reservation_id uuid not null,
     user_id text not null,
     status text not null check (status in ('HELD', 'SOLD')),
     held_until timestamptz(3) not null,
     payment_id uuid,
     claimed_at timestamptz(3) not null,
     ended_at timestamptz(3),
     end_reason text,
     check ((status = 'SOLD') = (payment_id is not null)),
     check ((ended_at is null) = (end_reason is null))
   )`,
  // The guarantee behind the code: no seat is ever claimed twice at a time.
  `create unique index claim_live_seat on claim (seat_id) where ended_at is null`,
  `create index claim_live_reservation on claim (reservation_id) where ended_at is null`,
  // The ticket limit by (schedule, user), and by schedule alone the count of taken seats without a look at the table.
  `create index claim_live_buyer on claim (schedule_id, user_id) include (status, held_until) where ended_at is null`,
  `create table confirmation (
     payment_id uuid primary key,
     result text not null check (result in ('confirmed', 'refused')),
     decided_at timestamptz(3) not null
   )`,
];
