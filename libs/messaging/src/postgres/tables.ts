import type { QueryRunner } from 'typeorm';

/**
 * The tables that every service's schema has for its messages, made by the service's first migration.
 *
 * `inbox` is partitioned by message id: a UUIDv7 sorts by time, so that an old day is dropped, not deleted; ids made from
 * idempotency keys (first byte ff) have a range of their own. An outcome is `json`, which keeps its members in their order:
 * a repeat is answered to the letter. `outbox` has the columns of Debezium's event router, so that
 * change data capture could replace the relay.
 */
export async function createMessagingTables(runner: QueryRunner): Promise<void> {
  for (const statement of statements) await runner.query(statement);
}

const statements = [
  `create table lane (
     name text primary key,
     epoch bigint not null default 0,
     "offset" bigint not null default -1,
     attempts int not null default 0
   )`,
  `create table inbox (
     consumer text not null,
     message_id uuid not null,
     outcome json,
     request_hash text,
     received_at timestamptz not null default clock_timestamp(),
     primary key (message_id, consumer)
   ) partition by range (message_id)`,
  `create table inbox_keyed partition of inbox for values from ('ff000000-0000-0000-0000-000000000000') to (maxvalue)`,
  `create index inbox_keyed_age on inbox_keyed (received_at)`,
  `create table outbox (
     seq bigint generated always as identity primary key,
     id uuid not null,
     lane text not null,
     aggregatetype text not null,
     aggregateid text not null,
     type text not null,
     topic text not null,
     partition int not null,
     key text not null,
     headers jsonb not null,
     payload text not null,
     created_at timestamptz not null default clock_timestamp()
   )`,
  `create index outbox_lane on outbox (lane, seq)`,
  `create table dead_letter (
     id uuid primary key,
     consumer text not null,
     topic text not null,
     partition int not null,
     "offset" bigint not null,
     key text,
     message_id uuid,
     type text,
     subject text,
     headers jsonb not null,
     payload bytea,
     attempts int not null,
     reason text not null,
     error text not null,
     parked_at timestamptz not null default clock_timestamp(),
     replayed_at timestamptz
   )`,
  `create unique index dead_letter_record on dead_letter (consumer, topic, partition, "offset")`,
  `create index dead_letter_subject on dead_letter (consumer, subject) where replayed_at is null`,
  `create table timer (
     name text primary key,
     due_at timestamptz not null default 'epoch'
   )`,
];
