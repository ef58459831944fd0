import type { MigrationInterface, QueryRunner } from 'typeorm';
import { newId } from '#service';
import type { Transaction } from './transaction.js';

/** What somebody with a role did, why, and what came of it. */
export interface OperatorAct {
  /** The command that asked for it. */
  readonly messageId: string;
  /** The user id of the verified access token, or `UNNAMED`. */
  readonly operator: string;
  /** The command's type. */
  readonly action: string;
  /** What it was about: the command's subject. */
  readonly subject: string;
  readonly reason: string;
  /** `answered`, `forwarded`, `parked`, or the code of the rejection. */
  readonly outcome: string;
}

/** The operator of a command that its gateway sent before it said who acts. Empty: no user's id is. */
export const UNNAMED = '';

/** Adds acts to the service's log, in the transaction that decided them, one statement. */
export async function writeOperatorLog(tx: Transaction, acts: readonly OperatorAct[]): Promise<void> {
  if (acts.length === 0) return;
  const column = <Name extends keyof OperatorAct>(name: Name) => acts.map((act) => act[name]);
  await tx.query(
    `insert into operator_log (id, at, message_id, operator, action, subject, reason, outcome)
     select id, $1, message_id, operator, action, subject, reason, outcome
     from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
       as act (id, message_id, operator, action, subject, reason, outcome)`,
    [
      tx.now,
      acts.map(() => newId()),
      column('messageId'),
      column('operator'),
      column('action'),
      column('subject'),
      column('reason'),
      column('outcome'),
    ],
  );
}

/** The log's table, one migration for every service. What is written stays as it is: a trigger refuses to change it. */
export class OperatorLog1795645044214 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table operator_log');
    await runner.query('drop function refuse_change()');
  }
}

const statements = [
  `create table operator_log (
     id uuid primary key,
     at timestamptz(3) not null,
     message_id uuid not null,
     operator text not null,
     action text not null,
     subject text not null,
     reason text not null,
     outcome text not null
   )`,
  `create function refuse_change() returns trigger language plpgsql as $$
   begin
     raise exception '% is only added to', tg_table_name;
   end $$`,
  `create trigger operator_log_is_only_added_to before update or delete or truncate on operator_log
   for each statement execute function refuse_change()`,
];
