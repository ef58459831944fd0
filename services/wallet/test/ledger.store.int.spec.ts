import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { inTransaction } from '#messaging';
import { emptyDatabase } from '#testing';
import { aDebit, aRefund, aTopUp, WalletDatabase } from './wallet.database.js';

describe('the ledger in PostgreSQL', () => {
  let database: WalletDatabase;
  beforeAll(async () => {
    database = await WalletDatabase.in(await emptyDatabase());
  });
  afterAll(() => database.drop());

  const balanceOf = async (userId: string) =>
    (await database.query<{ balance: bigint }>('select balance from wallet where user_id = $1', [userId]))[0]?.balance;

  it('keeps a batch of many movements of one wallet, in the order in which they were decided', async () => {
    const [paid, refused] = [uuidv7(), uuidv7()];
    const { outcomes } = await database.handle(
      aTopUp('ada', 1_000),
      aDebit('ada', 600, paid),
      aDebit('ada', 600, refused),
      aRefund('ada', paid),
      aTopUp('ada', 5),
      aTopUp('bob', 7),
    );
    expect(outcomes.map((outcome) => (outcome.kind === 'answered' ? outcome.body.balance : outcome.kind))).toEqual([
      1_000,
      400,
      'rejected',
      1_000,
      1_005,
      7,
    ]);
    const entries = await database.query(
      `select t.kind, e.amount, e.balance_after from entry e join transfer t on t.id = e.transfer_id
       where e.account = 'wallet:ada' order by e.seq`,
    );
    expect(entries).toEqual([
      { kind: 'TOP_UP', amount: 1_000n, balance_after: 1_000n },
      { kind: 'DEBIT', amount: -600n, balance_after: 400n },
      { kind: 'REFUND', amount: 600n, balance_after: 1_000n },
      { kind: 'TOP_UP', amount: 5n, balance_after: 1_005n },
    ]);
    expect([await balanceOf('ada'), await balanceOf('bob')]).toEqual([1_005n, 7n]);
    expect(await database.mistakes()).toEqual([]);
  });

  it('repeats in a later batch what an earlier one answered', async () => {
    const [topUpId, paid, refused] = [uuidv7(), uuidv7(), uuidv7()];
    const commands = [
      aTopUp('cho', 900, topUpId),
      aDebit('cho', 400, paid),
      aDebit('cho', 9_000, refused),
      aRefund('cho', paid),
      aRefund('cho', refused),
    ];
    const first = await database.handle(...commands);
    await database.handle(aTopUp('cho', 50_000));
    const entries = 'select count(*)::int as n from entry';
    const before = await database.query(entries);
    expect((await database.handle(...commands.toReversed())).outcomes).toEqual(first.outcomes.toReversed());
    expect(await database.query(entries)).toEqual(before);
  });

  it('refuses the late debit of a payment that an earlier batch refunded', async () => {
    const paymentId = uuidv7();
    await database.handle(aTopUp('dan', 100));
    await database.handle(aRefund('dan', paymentId));
    const { outcomes } = await database.handle(aDebit('dan', 100, paymentId));
    expect(outcomes).toEqual([expect.objectContaining({ kind: 'rejected', code: 'COMPENSATED' })]);
    expect(await balanceOf('dan')).toBe(100n);
  });

  it('takes no more statements for 500 commands than for 2', async () => {
    const commands = (count: number) => Array.from({ length: count }, (_, n) => aTopUp(`user-${n}`, 10));
    const debits = (count: number) => Array.from({ length: count }, (_, n) => aDebit(`user-${n}`, 1));
    await database.handle(...commands(250));
    const few = await database.handle(
      aTopUp('user-1', 1),
      aTopUp(uuidv7(), 1),
      aDebit('user-2', 1),
      aDebit('user-3', 1),
    );
    const many = await database.handle(...commands(249), aTopUp(uuidv7(), 1), ...debits(250));
    expect(many.statements).toBe(few.statements);
    expect(many.statements).toBeLessThanOrEqual(7);
    expect(await database.mistakes()).toEqual([]);
  });

  it('lets batches that name the same wallets wait for each other, so that no movement is lost', async () => {
    const users = ['eve', 'fay', 'gus'];
    await database.handle(...users.map((user) => aTopUp(user, 1)));
    const rounds = Array.from({ length: 20 }, (_, round) =>
      database.handle(...(round % 2 ? users : users.toReversed()).map((user) => aTopUp(user, 1))),
    );
    await Promise.all(rounds);
    expect(await Promise.all(users.map(balanceOf))).toEqual([21n, 21n, 21n]);
    expect(await database.mistakes()).toEqual([]);
  });

  it('fails a batch rather than overwrite a wallet that another writer has opened meanwhile', async () => {
    const late = inTransaction(database.dataSource, async (tx) => {
      // The other writer commits between this batch's load and its save.
      const { query } = tx;
      tx.query = (async (sql: string, values?: unknown[]) => {
        if (sql.includes('insert into wallet')) await database.handle(aTopUp('hal', 5));
        return query.call(tx, sql, values);
      }) as typeof query;
      return database.fold(tx, [aTopUp('hal', 7)]);
    });
    await expect(late).rejects.toThrow('wallet_pkey');
    expect(await balanceOf('hal')).toBe(5n);
  });

  it('has a second guarantee behind the code for each rule', async () => {
    const [paymentId, topUpId] = [uuidv7(), uuidv7()];
    await database.handle(aTopUp('ivy', 100, topUpId), aDebit('ivy', 60, paymentId));
    const again = (columns: string, values: unknown[]) =>
      database.query(
        `insert into transfer (id, created_at, ${columns}) values (gen_random_uuid(), now(), $1, $2)`,
        values,
      );
    await expect(again('kind, payment_id', ['DEBIT', paymentId])).rejects.toThrow('transfer_payment_id_kind_key');
    await expect(again('kind, top_up_id', ['TOP_UP', topUpId])).rejects.toThrow('transfer_top_up_id_key');
    await expect(again('kind, top_up_id', ['DEBIT', uuidv7()])).rejects.toThrow('violates check constraint');
    const overdrawn = database.query(`update wallet set balance = -1 where user_id = 'ivy'`);
    await expect(overdrawn).rejects.toThrow('wallet_balance_check');
  });
});
