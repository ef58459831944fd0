import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { aTopUp, startTally, type TallyService } from './tally.js';

let tally: TallyService;

beforeAll(async () => {
  tally = await startTally();
});

afterAll(() => tally.close());
afterEach(() => {
  tally.handler.beforeSave = () => Promise.resolve();
});

const lockTimeout = () => Promise.reject(Object.assign(new Error('lock timeout'), { code: '55P03' }));

async function attemptsOf(lane: string): Promise<number | undefined> {
  const [row] = await tally.dataSource.query<{ attempts: number }[]>('select attempts from lane where name = $1', [
    lane,
  ]);
  return row?.attempts;
}

it('a message whose rows are held for long, whoever takes its lane over meanwhile, is no killer', async () => {
  const name = 'wallet.commands/0';
  const batch = [aTopUp('ada', 1, { subject: 'patient' }), aTopUp('ada', 2)];
  tally.handler.beforeSave = lockTimeout;
  for (let owner = 0; owner < 6; owner += 1) {
    await expect(tally.lane(name).handle(batch)).rejects.toThrow('lock timeout');
    expect(await attemptsOf(name)).toBe(0);
  }
  tally.handler.beforeSave = () => Promise.resolve();
  await tally.lane(name).handle(batch);
  expect(await tally.total('ada')).toBe(3);
  expect(await tally.deadLetters(['patient'])).toHaveLength(0);
});

it('a lane that has a killer goes message by message also after a fault on the way', async () => {
  const name = 'wallet.commands/1';
  await tally.lane(name).handle([aTopUp('bob', 1)]);
  await tally.dataSource.query('update lane set attempts = 2 where name = $1', [name]);
  const lane = tally.lane(name);
  const batch = [aTopUp('bob', 1), aTopUp('bob', 1)];
  tally.handler.beforeSave = lockTimeout;
  await expect(lane.handle(batch)).rejects.toThrow('lock timeout');
  expect(await attemptsOf(name)).toBe(2);
  const during: (number | undefined)[] = [];
  tally.handler.beforeSave = async () => {
    during.push(await attemptsOf(name));
  };
  await lane.handle(batch);
  expect(during.slice(0, 2)).toEqual([3, 3]);
  expect(await attemptsOf(name)).toBe(0);
  expect(await tally.total('bob')).toBe(3);
});

it('a message that is committed has ended, also when publishing what it sent failed: the next begins with a count of its own', async () => {
  const name = 'wallet.commands/5';
  await tally.lane(name).handle([aTopUp('dan', 1)]);
  await tally.dataSource.query('update lane set attempts = 3 where name = $1', [name]);
  const lane = tally.lane(name);
  const publish = tally.publisher.publish.bind(tally.publisher);
  tally.publisher.publish = (rows) => {
    if (rows.length === 0) return publish(rows);
    tally.publisher.publish = publish;
    return Promise.reject(Object.assign(new Error('no broker'), { name: 'KafkaJSConnectionError' }));
  };
  const batch = [aTopUp('dan', 1), aTopUp('dan', 1)];
  await expect(lane.handle(batch)).rejects.toThrow('no broker');
  expect(await tally.total('dan')).toBe(2);
  expect(await attemptsOf(name)).toBe(2);
  await lane.handle(batch);
  expect(await attemptsOf(name)).toBe(0);
  expect(await tally.total('dan')).toBe(3);
});

it('of several lanes with suspects one message at a time is handled, so that a death is counted for none but it', async () => {
  const names = ['wallet.commands/2', 'wallet.commands/3', 'wallet.commands/4'];
  for (const name of names) await tally.lane(name).handle([aTopUp('cyd', 1)]);
  await tally.dataSource.query('update lane set attempts = 2 where name = any($1)', [names]);
  const started: bigint[] = [];
  tally.handler.beforeSave = async () => {
    const [row] = await tally.dataSource.query<{ count: bigint }[]>(
      'select count(*) from lane where name = any($1) and attempts > 2',
      [names],
    );
    started.push(row!.count);
  };
  await Promise.all(
    names.map((name) => tally.lane(name).handle([1, 2, 3].map((amount) => aTopUp(`cyd ${name}`, amount)))),
  );
  for (const name of names) expect(await tally.total(`cyd ${name}`)).toBe(6);
  expect(started.filter((count) => count > 1n)).toEqual([]);
});
