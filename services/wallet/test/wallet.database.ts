import pg from 'pg';
import { DataSource } from 'typeorm';
import { wallet } from '#contracts';
import { inTransaction, type Outcome, type Transaction } from '#messaging';
import { databaseOptions } from '#service';
import { v7 as uuidv7 } from 'uuid';
import { type WalletCommand, WalletHandler } from '../src/messages/wallet.handler.js';
import { EntryRow, TransferRow, WalletRow } from '../src/postgres/entities.js';
import { LedgerStore } from '../src/postgres/ledger.store.js';
import { migrations } from '../src/postgres/migrations/index.js';

/** The wallet's schema, migrated, in a database of its own, and its handler on it without the engine around. */
export class WalletDatabase {
  private readonly handler = new WalletHandler(new LedgerStore(), {
    CURRENCY: 'KRW',
    WALLET_MAX_BALANCE: 1_000_000_000,
  });

  private constructor(
    readonly dataSource: DataSource,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  /** Takes an empty database over: `drop` drops it. */
  static async in(database: { adminUrl: string; drop(): Promise<void> }): Promise<WalletDatabase> {
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query('create schema wallet');
    await admin.end();
    const entities = [WalletRow, TransferRow, EntryRow];
    const options = databaseOptions({ schema: 'wallet', url: database.adminUrl, poolSize: 4, entities });
    const dataSource = await new DataSource({ ...options, migrations }).initialize();
    await dataSource.runMigrations();
    return new WalletDatabase(dataSource, () => database.drop());
  }

  /** Loads, folds and saves one batch in a transaction. */
  async handle(...commands: WalletCommand[]): Promise<{ outcomes: Outcome[]; statements: number }> {
    return inTransaction(this.dataSource, async (tx) => this.fold(tx, commands));
  }

  async fold(
    tx: Transaction,
    commands: readonly WalletCommand[],
  ): Promise<{ outcomes: Outcome[]; statements: number }> {
    [{ now: tx.now }] = await tx.manager.query<[{ now: Date }]>('select clock_timestamp()::timestamptz(3) as now');
    const ledger = await this.handler.load(commands, tx);
    const context = { now: tx.now, newId: () => uuidv7() };
    const outcomes = commands.map((command) => this.handler.decide(ledger, command, context).outcome);
    await this.handler.save(ledger, tx);
    return { outcomes, statements: tx.statements };
  }

  query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(sql, values);
  }

  /** What an auditor asks: nothing when the ledger sums to zero and every wallet is what its entries say. */
  async mistakes(): Promise<unknown[]> {
    return this.query(
      `select 'the ledger' as what, sum(amount) as difference from entry having sum(amount) <> 0
       union all
       select t.id::text, sum(e.amount) from transfer t left join entry e on e.transfer_id = t.id
       group by t.id having sum(e.amount) is distinct from 0 or count(e.id) <> 2
       union all
       select w.user_id, w.balance - coalesce(sum(e.amount), 0) from wallet w
       left join entry e on e.account = 'wallet:' || w.user_id
       group by w.user_id, w.balance having w.balance <> coalesce(sum(e.amount), 0)`,
    );
  }

  async drop(): Promise<void> {
    await this.dataSource.destroy();
    await this.dropDatabase();
  }
}

/** A command as the engine hands it over. */
function command<Contract extends (typeof wallet)['topUp' | 'debit' | 'refund']>(
  contract: Contract,
  payload: Contract extends { payload: { _output: infer Payload } } ? Payload : never,
): WalletCommand {
  const ofMessage = {
    id: uuidv7(),
    subject: '',
    correlationId: uuidv7(),
    traceparent: null,
    asker: null,
    repeated: false,
  };
  return { ...ofMessage, type: contract.type, payload } as WalletCommand;
}

export const aTopUp = (userId: string, amount: number, topUpId = uuidv7()) =>
  command(wallet.topUp, { userId, amount, topUpId });
export const aDebit = (userId: string, amount: number, paymentId = uuidv7()) =>
  command(wallet.debit, { userId, amount, paymentId });
export const aRefund = (userId: string, paymentId: string) => command(wallet.refund, { userId, paymentId });
