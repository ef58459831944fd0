import { createHash } from 'node:crypto';
import type { Client, QueryResultRow } from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { isStalePlan } from '../handling/faults.js';

/** One database transaction of a batch or a timer. */
export class Transaction {
  /** Statements sent so far, for the proof that a batch's count does not grow with its size. */
  statements = 0;
  /** The earliest time that `wakeTimer` was asked for. */
  wakeAt: Date | null = null;
  /** The first failure, after which PostgreSQL only says that the transaction is aborted: it tells nothing about the cause. */
  private failure: unknown = null;
  private isOver = false;

  constructor(
    private readonly runner: QueryRunner,
    private readonly client: Client,
    /** This database's clock, read once after the lane's lock. */
    public now: Date,
  ) {}

  /** TypeORM's manager on the same connection, for entities off the hot path. */
  get manager(): EntityManager {
    return this.runner.manager;
  }

  /**
   * Rows of one statement, prepared once per connection under a name made from its text. int8 arrives as bigint. Sent at once:
   * statements of which none needs the answer of another go together (`Promise.all`), are executed in the order of the calls, and
   * cost one way to the database and back. The error of the first to fail is thrown by all behind it, which do nothing.
   */
  async query<Row extends QueryResultRow = QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    // One that goes on beside another's failure must not write into whatever the connection does next.
    if (this.isOver) throw new Error('the transaction is over');
    this.statements += 1;
    try {
      const result = await this.client.query<Row>({ name: statementName(text), text, values: [...values] });
      return result.rows;
    } catch (error) {
      throw (this.failure ??= error);
    }
  }

  /** Nothing more is sent in it. */
  end(): void {
    this.isOver = true;
  }

  /**
   * Runs `work` so that what it throws undoes the statements of `work` alone, and the transaction can go on. A failed
   * check that was put off until the commit is thrown here too.
   */
  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.client.query('savepoint attempt');
    try {
      const result = await work();
      await this.client.query('set constraints all immediate; set constraints all deferred; release savepoint attempt');
      return result;
    } catch (error) {
      // A dead connection has nothing left to undo, and nothing to go on with.
      await this.client.query('rollback to savepoint attempt; release savepoint attempt').catch(() => undefined);
      this.failure = null;
      throw error;
    }
  }

  /**
   * Makes a timer of this service due at `at`, if it would be later. This process's loop is told after the commit; other
   * replicas see it at their next look.
   */
  async wakeTimer(name: string, at: Date): Promise<void> {
    await this.query('update timer set due_at = $2 where name = $1 and due_at > $2', [name, at]);
    if (this.wakeAt === null || at < this.wakeAt) this.wakeAt = at;
  }
}

const statementNames = new Map<string, string>();

function statementName(text: string): string {
  let name = statementNames.get(text);
  if (name === undefined) {
    name = createHash('sha1').update(text).digest('base64url');
    statementNames.set(text, name);
  }
  return name;
}

/** Runs `work` in a transaction of its own connection; anything it throws rolls back. */
export async function inTransaction<Result>(
  dataSource: DataSource,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const runner = dataSource.createQueryRunner();
  try {
    const client = (await runner.connect()) as Client;
    await client.query('begin');
    const tx = new Transaction(runner, client, new Date(Number.NaN));
    try {
      const result = await work(tx).finally(() => tx.end());
      const { command } = await client.query('commit');
      // PostgreSQL answers so, without an error, when a statement's failure was swallowed on the way.
      if (command !== 'COMMIT') throw new Error(`the transaction ended with ${command}: a statement in it had failed`);
      return result;
    } catch (error) {
      // A dead connection has no transaction left to roll back.
      await client.query('rollback').catch(() => undefined);
      // The pool makes another in its place.
      if (isStalePlan(error)) await client.end().catch(() => undefined);
      throw error;
    }
  } finally {
    await runner.release();
  }
}
