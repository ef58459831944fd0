import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isTransient } from '../src/handling/faults.js';
import { inTransaction } from '../src/postgres/transaction.js';
import { startTally, type TallyService } from './tally.js';

let tally: TallyService;

beforeAll(async () => {
  tally = await startTally();
});

afterAll(() => tally.close());

it('a statement whose table was altered meanwhile is prepared anew: nothing is parked for it', async () => {
  await tally.dataSource.query('create table shape (a int)');
  const look = () => inTransaction(tally.dataSource, (tx) => tx.query('select * from shape'));
  await Promise.all(Array.from({ length: 10 }, look));
  await tally.dataSource.query('alter table shape add b int');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await look().catch((error: unknown) => expect(isTransient(error)).toBe(true));
  }
  for (let attempt = 0; attempt < 20; attempt += 1) expect(await look()).toEqual([]);
});

it('a transaction in which a failed statement was swallowed does not count as committed', async () => {
  const swallowing = inTransaction(tally.dataSource, async (tx) => {
    await tx.query(`insert into tally values ('ghost', 1)`);
    await tx.query('select 1 / 0').catch(() => undefined);
  });
  await expect(swallowing).rejects.toThrow('ended with ROLLBACK');
  expect(await tally.total('ghost')).toBeUndefined();
});

it('of statements that go together the first failure counts, however far from it somebody waits', async () => {
  const deep = async (work: () => Promise<unknown>, depth: number): Promise<unknown> =>
    depth === 0 ? work() : deep(work, depth - 1);
  const together = () =>
    inTransaction(tally.dataSource, (tx) =>
      Promise.all([deep(() => tx.query('select 1 / 0'), 5), tx.query('select 2'), deep(() => tx.query('select 3'), 1)]),
    );
  // Whether the answers come at once or one by one is the network's.
  for (let attempt = 0; attempt < 50; attempt += 1) await expect(together()).rejects.toThrow('division by zero');
});

it('goes on after an attempt of several statements, and forgets its failure', async () => {
  const result = inTransaction(tally.dataSource, async (tx) => {
    const both = () => Promise.all([tx.query('select 1 / 0'), tx.query('select 2')]);
    await expect(tx.attempt(both)).rejects.toThrow('division by zero');
    await expect(tx.attempt(() => tx.query('select nonsense'))).rejects.toThrow('nonsense');
    return tx.query<{ n: number }>('select 4 as n');
  });
  expect(await result).toEqual([{ n: 4 }]);
});

it('is over with its first failure for whoever works on beside it', async () => {
  let late: Promise<unknown> = Promise.resolve();
  const result = inTransaction(tally.dataSource, (tx) => {
    const fails = tx.query('select 1 / 0');
    late = fails
      .catch(() => undefined)
      .then(async () => {
        await tally.dataSource.query('select 1');
        return tx.query(`insert into tally values ('late', 1)`);
      });
    return Promise.all([fails, late]);
  });
  await expect(result).rejects.toThrow('division by zero');
  await expect(late).rejects.toThrow('is over');
  expect(await tally.total('late')).toBeUndefined();
});
