import { setImmediate as turn } from 'node:timers/promises';
import { eventually } from '#testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { Batches } from '../src/handling/batches.js';
import { PartitionLane } from '../src/handling/partition-lane.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { listenForReplies, type Replies } from './replies.js';
import { aTopUp, bug, loseTheNextCommitsAnswer, startTally, type TallyService } from './tally.js';

let tally: TallyService;
let replies: Replies;
let batches: Batches;
/** Lanes of one consumer, of which no batch is the first. */
let lanes: PartitionLane[];
let lastPartition = 0;
const nameOf = (lane: number) => `wallet.commands/${lastPartition - 3 + lane}`;

beforeAll(async () => {
  tally = await startTally();
  replies = await listenForReplies(tally.kafka);
});

afterAll(async () => {
  await replies.stop();
  await tally.close();
});

beforeEach(() => lanesWith(60_000));
afterEach(() => {
  tally.handler.beforeSave = () => Promise.resolve();
});

async function lanesWith(patienceMs: number): Promise<void> {
  const { consumer, dataSource, publisher } = tally;
  batches = new Batches(consumer, dataSource, publisher, undefined, undefined, patienceMs);
  lastPartition += 3;
  lanes = [0, 1, 2].map((lane) => new PartitionLane(nameOf(lane), batches));
  for (const lane of lanes) await lane.handle([aTopUp('first', 1)]);
}

/** A batch of the first lane is open until `end`, and those of the others come meanwhile. */
async function openBatch(): Promise<{ end: () => void; ended: Promise<void> }> {
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const inside = Promise.withResolvers<void>();
  tally.handler.beforeSave = () => {
    tally.handler.beforeSave = () => Promise.resolve();
    inside.resolve();
    return promise;
  };
  const ended = lanes[0]!.handle([aTopUp('first', 1)]);
  await inside.promise;
  return { end, ended };
}

/** Hands batches to the second and the third lane during a batch of the first. */
async function during(
  open: Awaited<ReturnType<typeof openBatch>>,
  second: Parameters<PartitionLane['handle']>[0],
  third: Parameters<PartitionLane['handle']>[0],
): Promise<PromiseSettledResult<void>[]> {
  const handled = [lanes[1]!.handle(second), lanes[2]!.handle(third)];
  await turn();
  open.end();
  const settled = await Promise.allSettled(handled);
  await open.ended;
  return settled;
}

async function offsetOf(lane: number): Promise<bigint> {
  const [row] = await tally.dataSource.query<{ offset: bigint }[]>('select "offset" from lane where name = $1', [
    nameOf(lane),
  ]);
  return row!.offset;
}

describe('batches that come while one of another partition runs', () => {
  it('share a transaction, and each lane goes on by its own offset', async () => {
    const before = tally.handler.batches;
    const [second, third] = [
      [aTopUp('ada', 1), aTopUp('ada', 2)],
      [aTopUp('bob', 3), aTopUp('ada', 4)],
    ];
    const correlationId = uuidv7();
    const asked = aTopUp('bob', 5, { correlationId });
    await during(await openBatch(), second, [...third, asked]);
    expect(tally.handler.batches - before).toBe(2);
    expect([await tally.total('ada'), await tally.total('bob')]).toEqual([7, 8]);
    expect(await offsetOf(1)).toBe(second[1]!.record.offset);
    expect(await offsetOf(2)).toBe(asked.record.offset);
    expect((await replies.of(correlationId))[0]!.payload['body']).toMatchObject({ total: 8 });
  });

  it('have one effect when they have the same message, and both askers get its answer', async () => {
    const [id, first, second] = [uuidv7(), uuidv7(), uuidv7()];
    await during(
      await openBatch(),
      [aTopUp('cyd', 5, { id, correlationId: first })],
      [aTopUp('cyd', 5, { id, correlationId: second })],
    );
    const answers = await replies.of(first, second);
    expect(await tally.total('cyd')).toBe(5);
    expect(answers.map(({ payload }) => payload['replayed'])).toEqual([false, true]);
  });

  it('are handled apart when one of them fails, and the others do not suffer', async () => {
    const settled = await during(
      await openBatch(),
      [aTopUp('dan', 1), aTopUp('dan', bug, { subject: 'guilty' })],
      [aTopUp('eva', 2)],
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect([await tally.total('dan'), await tally.total('eva')]).toEqual([1, 2]);
    expect(await tally.deadLetters(['guilty'])).toMatchObject([{ reason: 'fault' }]);
  });

  it('of a lane that another process owns by now change nothing, and the others do not suffer', async () => {
    await takeOverLane(tally.dataSource, nameOf(1));
    const settled = await during(await openBatch(), [aTopUp('fay', 1)], [aTopUp('gus', 2)]);
    expect(settled).toMatchObject([{ status: 'rejected' }, { status: 'fulfilled' }]);
    expect(String((settled[0] as PromiseRejectedResult).reason)).toContain('another process');
    expect([await tally.total('fay'), await tally.total('gus')]).toEqual([undefined, 2]);
  });

  it('are done once when the answer to their commit is lost, and what it sent goes out before anything later', async () => {
    const open = await openBatch();
    tally.handler.beforeSave = () => {
      tally.handler.beforeSave = () => Promise.resolve();
      loseTheNextCommitsAnswer();
      return Promise.resolve();
    };
    const [first, second] = [uuidv7(), uuidv7()];
    const settled = await during(
      open,
      [aTopUp('kay', 1, { correlationId: first })],
      [aTopUp('lou', 2, { correlationId: second })],
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    expect([await tally.total('kay'), await tally.total('lou')]).toEqual([1, 2]);
    // Of each the decision, and then that of the repeat, by which it was found out.
    for (const asker of [first, second]) {
      const told = await eventually(async () => {
        const answers = await replies.of(asker);
        return answers.length === 2 && answers;
      });
      expect(told.map(({ payload }) => payload['replayed'])).toEqual([false, true]);
    }
  });

  it('go out in order also when the answer to a second commit is lost', async () => {
    const open = await openBatch();
    let losses = 2;
    tally.handler.beforeSave = () => {
      if (losses > 0) loseTheNextCommitsAnswer();
      losses -= 1;
      return Promise.resolve();
    };
    const asked = [uuidv7(), uuidv7()];
    const records = asked.map((correlationId, index) => aTopUp(`max ${index}`, 1, { correlationId }));
    const settled = await during(open, [records[0]!], [records[1]!]);
    const hurt = settled.findIndex(({ status }) => status === 'rejected');
    expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await tally.outboxOf(nameOf(1 + hurt))).toHaveLength(1);
    const later = uuidv7();
    await lanes[1 + hurt]!.handle([records[hurt]!, aTopUp(`max ${hurt}`, 1, { correlationId: later })]);
    expect(await tally.outboxOf(nameOf(1 + hurt))).toEqual([]);
    const told = await replies.of(asked[hurt]!, later);
    expect(told.map(({ payload }) => (payload['body'] as { total: number }).total)).toEqual([1, 1, 1, 2]);
  });

  it('keep what could not be published in their own lanes, where it goes out first', async () => {
    const publish = tally.publisher.publish.bind(tally.publisher);
    const open = await openBatch();
    const [second, third] = [aTopUp('hal', 1), aTopUp('ivy', 2)];
    let calls = 0;
    tally.publisher.publish = (rows) => {
      calls += 1;
      if (calls === 1) return publish(rows);
      return Promise.reject(Object.assign(new Error('no broker'), { name: 'KafkaJSConnectionError' }));
    };
    const settled = await during(open, [second], [third]);
    tally.publisher.publish = publish;
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([(await tally.outboxOf(nameOf(1))).length, (await tally.outboxOf(nameOf(2))).length]).toEqual([1, 1]);
    await Promise.all([lanes[1]!.handle([second]), lanes[2]!.handle([third])]);
    expect([await tally.outboxOf(nameOf(1)), await tally.outboxOf(nameOf(2))]).toEqual([[], []]);
    expect([await tally.total('hal'), await tally.total('ivy')]).toEqual([1, 2]);
  });
});

it('a batch that takes long does not keep other partitions waiting', async () => {
  await lanesWith(5);
  const open = await openBatch();
  await lanes[1]!.handle([aTopUp('joe', 1)]);
  expect(await tally.total('joe')).toBe(1);
  open.end();
  await open.ended;
});

describe('a batch goes apart, and waits for nobody,', () => {
  it('when it is large', async () => {
    const open = await openBatch();
    await lanes[1]!.handle(Array.from({ length: 251 }, () => aTopUp('large', 1)));
    expect(await tally.total('large')).toBe(251);
    open.end();
    await open.ended;
  });

  it('when it is the first of a lane that was taken over: it may kill the process', async () => {
    const open = await openBatch();
    await new PartitionLane(nameOf(2), batches).handle([aTopUp('new owner', 1)]);
    expect(await tally.total('new owner')).toBe(1);
    open.end();
    await open.ended;
  });

  it('when the one before it failed', async () => {
    const late = [aTopUp('failed', 1)];
    tally.handler.beforeSave = () => Promise.reject(Object.assign(new Error('lock timeout'), { code: '55P03' }));
    await expect(lanes[1]!.handle(late)).rejects.toThrow('lock timeout');
    const open = await openBatch();
    await lanes[1]!.handle(late);
    expect(await tally.total('failed')).toBe(1);
    open.end();
    await open.ended;
  });
});
