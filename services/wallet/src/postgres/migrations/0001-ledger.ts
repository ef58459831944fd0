import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createMessagingTables } from '#messaging';

export class Ledger1764000000000 implements MigrationInterface {
  name = 'Ledger1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await createMessagingTables(runner);
    for (const statement of statements) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('a ledger is not dropped');
  }
}

const statements = [
  `create table wallet (
     user_id text primary key,
     balance bigint not null check (balance >= 0),
     updated_at timestamptz(3) not null
   )`,
  `create table transfer (
     id uuid primary key,
     kind text not null check (kind in ('TOP_UP', 'DEBIT', 'REFUND')),
     top_up_id uuid unique,
     payment_id uuid,
     created_at timestamptz(3) not null,
     unique (payment_id, kind),
     check ((kind = 'TOP_UP') = (top_up_id is not null)),
     check ((top_up_id is null) = (payment_id is not null))
   )`,
  // seq orders a wallet's entries as they were decided; it is drawn under the wallet's lock.
  `create table entry (
     seq bigint generated always as identity primary key,
     id uuid not null unique,
     transfer_id uuid not null references transfer (id),
     account text not null,
     amount bigint not null check (amount <> 0),
     balance_after bigint check (balance_after >= 0),
     unique (transfer_id, account),
     check ((account like 'wallet:%') = (balance_after is not null))
   )`,
  // Partial, so that the two system accounts, which are in every transfer, cost it nothing.
  `create index entry_of_wallet on entry (account, seq desc) where balance_after is not null`,
  `create table barrier (
     payment_id uuid not null,
     operation text not null check (operation in ('DEBIT', 'REFUND')),
     user_id text not null,
     asked bigint not null check (asked >= 0),
     moved bigint not null check (moved in (0, asked)),
     result text not null check (result in ('MOVED', 'NOT_ENOUGH_BALANCE', 'COMPENSATED')),
     balance bigint not null,
     created_at timestamptz(3) not null,
     primary key (payment_id, operation)
   )`,
];
