import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { isTransient } from '../src/faults.js';
import { inTransaction } from '../src/transaction.js';
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
