import { randomBytes } from 'node:crypto';
import { eventually } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { foldBatches } from '../src/handling/batch-transaction.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { listenForReplies, type Replies } from './replies.js';
import { aTopUp, bug, startTally, type TallyService } from './tally.js';

let tally: TallyService;
let replies: Replies;

beforeAll(async () => {
  tally = await startTally();
  replies = await listenForReplies(tally.kafka);
});

afterAll(async () => {
  await replies.stop();
  await tally.close();
});

describe('the same message id', () => {
  it('twice in one batch has one effect, and both askers get its answer', async () => {
    const id = uuidv7();
    const [first, second] = [uuidv7(), uuidv7()];
    await tally
      .lane()
      .handle([aTopUp('ada', 5, { id, correlationId: first }), aTopUp('ada', 5, { id, correlationId: second })]);
    const answers = await replies.of(first, second);
    expect(await tally.total('ada')).toBe(5);
    expect(answers.map(({ payload }) => (payload['body'] as { total: number }).total)).toEqual([5, 5]);
    expect(answers.map(({ payload }) => payload['replayed'])).toEqual([false, true]);
  });

  it('in two batches has one effect, and the later asker gets the first answer', async () => {
    const id = uuidv7();
    const [first, second] = [uuidv7(), uuidv7()];
    const lane = tally.lane();
    await lane.handle([aTopUp('bob', 5, { id, correlationId: first })]);
    await lane.handle([aTopUp('bob', 7), aTopUp('bob', 5, { id, correlationId: second })]);
    const answers = await replies.of(first, second);
    expect(await tally.total('bob')).toBe(12);
    expect(answers[1]!.payload['body']).toEqual(answers[0]!.payload['body']);
  });

  it('in two partitions at once has one effect, and both askers get its answer', async () => {
    const id = uuidv7();
    const [first, second] = [uuidv7(), uuidv7()];
    const lanes = await Promise.all(
      ['wallet.commands/1', 'wallet.commands/2'].map((name) => takeOverLane(tally.dataSource, name)),
    );
    const bothDecided = Promise.withResolvers<void>();
    let decided = 0;
    tally.handler.beforeSave = () => {
      if ((decided += 1) === 2) bothDecided.resolve();
      return bothDecided.promise;
    };
    const folded = await Promise.all([
      foldBatches(tally.dataSource, tally.consumer, [
        { lane: lanes[0]!, records: [aTopUp('cyd', 5, { id, correlationId: first })], attempts: 0 },
      ]),
      foldBatches(tally.dataSource, tally.consumer, [
        { lane: lanes[1]!, records: [aTopUp('dan', 5, { id, correlationId: second })], attempts: 0 },
      ]),
    ]);
    tally.handler.beforeSave = () => Promise.resolve();
    expect(
      folded.map(({ handled, repeated }) => ({ handled, repeated })).sort((one, other) => one.handled - other.handled),
    ).toEqual([
      { handled: 0, repeated: 1 },
      { handled: 1, repeated: 0 },
    ]);
    for (const { name } of lanes) await tally.publisher.publishLane(name);
    const answers = await replies.of(first, second);
    expect([await tally.total('cyd'), await tally.total('dan')].filter(Boolean)).toEqual([5]);
    expect(answers.map(({ payload }) => (payload['body'] as { total: number }).total)).toEqual([5, 5]);
  });

  it('with another body is refused, and changes nothing', async () => {
    const id = uuidv7();
    const correlationId = uuidv7();
    const lane = tally.lane();
    await lane.handle([aTopUp('eve', 5, { id, requestHash: 'five' })]);
    await lane.handle([aTopUp('eve', 9, { id, requestHash: 'nine', correlationId })]);
    const [refused] = await replies.of(correlationId);
    expect(refused!.payload).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await tally.total('eve')).toBe(5);
  });
});

describe('a message that cannot be handled', () => {
  it('is parked alone: the six before it and all after it are handled, and its asker is told', async () => {
    const correlationId = uuidv7();
    const poison = aTopUp('fay-poison', bug, { correlationId, subject: 'poison' });
    const before = Array.from({ length: 6 }, () => aTopUp('fay', 1));
    const after = Array.from({ length: 5 }, () => aTopUp('fay', 10));
    await tally.lane().handle([...before, poison, ...after]);
    expect(await tally.total('fay')).toBe(56);
    expect(await tally.total('fay-poison')).toBeUndefined();
    expect(await tally.deadLetters(['poison'])).toMatchObject([
      { reason: 'fault', error: expect.stringContaining('a bug') },
    ]);
    const [told] = await replies.of(correlationId);
    expect(told!.type).toBe('reply.Parked.v1');
  });

  it('is answered by nothing but that, even when only the commit shows it', async () => {
    // A constraint that is checked at commit: by then everything the batch says is written.
    await tally.dataSource.query(`
      create function refuse_total() returns trigger language plpgsql as $$
      begin
        if new.total = 666 then raise 'no such total'; end if;
        return null;
      end $$;
      create constraint trigger refuse_total after insert or update on tally
        deferrable initially deferred for each row execute function refuse_total();`);
    const [told, beside] = [uuidv7(), uuidv7()];
    await tally
      .lane()
      .handle([aTopUp('flo-refused', 666, { correlationId: told }), aTopUp('flo', 1, { correlationId: beside })]);
    const answers = await replies.of(told, beside);
    expect(answers.map(({ correlationId, type }) => [correlationId, type])).toEqual([
      [told, 'reply.Parked.v1'],
      [beside, 'reply.Answered.v1'],
    ]);
    expect(await tally.total('flo')).toBe(1);
  });

  it('holds back the later messages of its subject, in order, and nobody else', async () => {
    const batch = [
      aTopUp('gus', bug, { subject: 'gus-1' }),
      aTopUp('gus', 1, { subject: 'gus-1' }),
      aTopUp('gus', 2, { subject: 'gus-2' }),
    ];
    const lane = tally.lane();
    await lane.handle(batch);
    await lane.handle([aTopUp('gus', 4, { subject: 'gus-1' })]);
    expect(await tally.total('gus')).toBe(2);
    expect((await tally.deadLetters(['gus-1'])).map(({ reason }) => reason)).toEqual(['fault', 'behind', 'behind']);
  });

  it('is parked at once when it is malformed, and the partition goes on', async () => {
    const fine = aTopUp('hal', 3);
    const broken = aTopUp('hal', 3);
    const malformed = { kind: 'malformed', record: { ...broken.record, value: Buffer.from('{') }, error: 'x' } as const;
    await tally.lane().handle([malformed, fine]);
    expect(await tally.total('hal')).toBe(3);
    const letters = await tally.dataSource.query('select 1 from dead_letter where "offset" = $1 and reason = $2', [
      broken.record.offset,
      'malformed',
    ]);
    expect(letters).toHaveLength(1);
  });

  it('is parked even where its subject is longer than an index can store', async () => {
    const subject = randomBytes(3_000).toString('base64');
    await tally.lane().handle([aTopUp('ina', bug, { subject }), aTopUp('ina', 3)]);
    expect(await tally.total('ina')).toBe(3);
    const [letter] = await tally.dataSource.query<{ reason: string; subject: string | null }[]>(
      `select reason, subject from dead_letter where headers ->> 'ce_subject' = $1`,
      [subject],
    );
    expect(letter).toEqual({ reason: 'malformed', subject: null });
  });

  it('that killed its process twice is parked, and what lies around it is handled', async () => {
    const name = 'wallet.commands/3';
    const batch = [aTopUp('ivy', 1), aTopUp('ivy', 2, { subject: 'killer' }), aTopUp('ivy', 4)];
    // As two crashes in the middle of it leave the lane: the first message done, the second started twice.
    await tally.lane(name).handle([batch[0]!]);
    await tally.dataSource.query('update lane set attempts = 4 where name = $1', [name]);
    await tally.lane(name).handle(batch);
    expect(await tally.total('ivy')).toBe(5);
    expect(await tally.deadLetters(['killer'])).toMatchObject([{ reason: 'killer' }]);
  });

  it('only because somebody else holds its rows for too long is waited with, not parked', async () => {
    const lane = tally.lane('wallet.commands/4');
    await lane.handle([aTopUp('jan', 1)]);
    const other = tally.dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query(`select from tally where user_id = 'jan' for update`);
    const late = [aTopUp('jan', 2, { subject: 'jan' })];
    // Parking would succeed: nothing of it needs the rows.
    await expect(lane.handle(late)).rejects.toThrow('lock timeout');
    await other.rollbackTransaction();
    await other.release();
    await lane.handle(late);
    expect(await tally.total('jan')).toBe(3);
    expect(await tally.deadLetters(['jan'])).toHaveLength(0);
  });

  it('counts its starts before it is handled, and forgets them once it is done', async () => {
    const name = 'wallet.commands/9';
    const attempts = async () => {
      const [row] = await tally.dataSource.query<{ attempts: number }[]>('select attempts from lane where name = $1', [
        name,
      ]);
      return row?.attempts;
    };
    let during: number | undefined;
    tally.handler.beforeSave = async () => {
      during = await attempts();
    };
    await tally.lane(name).handle([aTopUp('jon', 1)]);
    tally.handler.beforeSave = () => Promise.resolve();
    expect(during).toBe(1);
    expect(await attempts()).toBe(0);
  });
});

describe('a zombie', () => {
  it('commits nothing once another process has taken its lane over', async () => {
    const zombie = tally.lane('wallet.commands/5');
    await zombie.handle([aTopUp('kim', 1)]);
    const owner = tally.lane('wallet.commands/5');
    await owner.handle([aTopUp('kim', 2)]);
    await expect(zombie.handle([aTopUp('kim', 100)])).rejects.toThrow('belongs to another process');
    expect(await tally.total('kim')).toBe(3);
  });

  it('that is still committing is waited for, and is not handled twice', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const { promise: inside, resolve: entered } = Promise.withResolvers<void>();
    tally.handler.beforeSave = () => {
      entered();
      return held;
    };
    const batch = [aTopUp('lea', 1)];
    const slow = tally.lane('wallet.commands/6').handle(batch);
    await inside;
    tally.handler.beforeSave = () => Promise.resolve();
    const takenOver = tally.lane('wallet.commands/6').handle(batch);
    await eventually(async () => {
      const waiting = await tally.dataSource.query<unknown[]>(
        `select from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock' and query like 'insert into lane%'`,
      );
      return waiting.length === 1;
    }).finally(release);
    await Promise.all([slow, takenOver]);
    expect(await tally.total('lea')).toBe(1);
  });

  it('leaves rows behind that the next owner publishes first, in their order', async () => {
    const name = 'wallet.commands/7';
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    const lane = await takeOverLane(tally.dataSource, name);
    // Committed, and dead before publishing.
    for (const correlationId of ids.slice(0, 2)) {
      await foldBatches(tally.dataSource, tally.consumer, [
        { lane, records: [aTopUp('mia', 1, { correlationId })], attempts: 0 },
      ]);
    }
    await tally.lane(name).handle([aTopUp('mia', 1, { correlationId: ids[2]! })]);
    const answers = await replies.of(...ids);
    expect(answers.map(({ correlationId }) => correlationId)).toEqual(ids);
    expect(await tally.outboxOf(name)).toHaveLength(0);
  });
});

it('issues no more statements for 500 messages than for 2', async () => {
  const lane = await takeOverLane(tally.dataSource, 'wallet.commands/11');
  const fold = async (count: number) => {
    const batch = Array.from({ length: count }, (_, index) => aTopUp(`rob-${index}`, 1));
    const { statements } = await foldBatches(tally.dataSource, tally.consumer, [{ lane, records: batch, attempts: 0 }]);
    return statements;
  };
  const [two, fiveHundred] = [await fold(2), await fold(500)];
  expect(fiveHundred).toBe(two);
  expect(two).toBeLessThanOrEqual(9);
  await eventually(async () => {
    await tally.publisher.publishLane('wallet.commands/11');
    return (await tally.outboxOf('wallet.commands/11')).length === 0;
  });
});

it('never reads the inbox as a whole, however fast it grows', async () => {
  const lane = await takeOverLane(tally.dataSource, 'wallet.commands/10');
  for (let batch = 0; batch < 6; batch += 1) {
    const records = Array.from({ length: 500 }, (_, index) => aTopUp(`sue-${index}`, 1));
    await foldBatches(tally.dataSource, tally.consumer, [{ lane, records, attempts: 0 }]);
    // A repeat each, too.
    await foldBatches(tally.dataSource, tally.consumer, [{ lane, records: [records[0]!], attempts: 0 }]);
  }
  const read = await eventually(async () => {
    const [found] = await tally.dataSource.query<{ looks: bigint; whole: bigint }[]>(
      `select sum(idx_scan)::int8 as looks, sum(seq_tup_read)::int8 as whole from pg_stat_user_tables where relname like 'inbox%'`,
    );
    return found!.looks > 3_000n && found!;
  });
  expect(read.whole).toBe(0n);
  await tally.publisher.publishLane('wallet.commands/10');
});
