import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { claimMessages, forgetKeyedIds, seenMessages, tendInbox } from '../src/postgres/inbox.store.js';
import { inTransaction } from '../src/postgres/transaction.js';
import { startTally, type TallyService } from './tally.js';

let tally: TallyService;

beforeAll(async () => {
  tally = await startTally();
});

afterAll(() => tally.close());

it('the coming days get their partitions even when old keyed ids cannot be deleted', async () => {
  const [newest] = await tally.dataSource.query<{ name: string }[]>(
    `select relid::regclass::text as name from pg_partition_tree('inbox')
     where isleaf and relid::regclass::text ~ '\\d{8}$' order by 1 desc limit 1`,
  );
  await tally.dataSource.query(`drop table ${newest!.name}`);
  await tally.dataSource.query(
    `insert into inbox (consumer, message_id, received_at)
     values ('tally', 'ff000000-0000-8000-8000-000000000001', now() - interval '9 days')`,
  );
  const other = tally.dataSource.createQueryRunner();
  await other.startTransaction();
  await other.query(`select from inbox_keyed for update`);
  await tendInbox(tally.dataSource).catch(() => undefined);
  await other.rollbackTransaction();
  await other.release();
  const found = await tally.dataSource.query(`select to_regclass($1) as made`, [newest!.name]);
  expect(found).toEqual([{ made: newest!.name }]);
});

it('keyed ids are forgotten page by page once they are past the kept days, and no others', async () => {
  await tally.dataSource.query(
    `insert into inbox (consumer, message_id, received_at)
     select 'tally', ('ff000000-0000-8000-8001-' || lpad(n::text, 12, '0'))::uuid, now() - n * interval '1 day'
     from generate_series(1, 30) n`,
  );
  await forgetKeyedIds(tally.dataSource, 4);
  const [kept] = await tally.dataSource.query<{ count: bigint }[]>('select count(*) from inbox_keyed');
  expect(kept!.count).toBe(7n);
});

it('finds in one look what was handled on whatever day, and under whatever key', async () => {
  const dayAgo = Date.now() - 86_400_000;
  const ids = [
    uuidv7({ msecs: dayAgo }),
    uuidv7(),
    'ff000000-0000-8000-8002-000000000001',
    uuidv7(),
    'ffffffff-0000-8000-8002-000000000002',
  ];
  const done = { outcome: { kind: 'done' }, requestHash: null } as const;
  await inTransaction(tally.dataSource, (tx) => claimMessages(tx, 'looked for', new Map(ids.map((id) => [id, done]))));
  const found = (asked: readonly string[]) =>
    inTransaction(tally.dataSource, async (tx) => [...(await seenMessages(tx, 'looked for', asked)).keys()]);
  const unknown = [uuidv7({ msecs: dayAgo }), uuidv7(), 'ff000000-0000-8000-8002-000000000003'];
  expect(new Set(await found([...unknown, ...ids.toReversed()]))).toEqual(new Set(ids));
  for (const id of ids) expect(await found([id])).toEqual([id]);
  expect(await found(unknown)).toEqual([]);
});
