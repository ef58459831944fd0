import { topics } from '#contracts';
import { eventually } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { inTransaction } from '../src/postgres/transaction.js';
import { listenForReplies, type Replies } from './replies.js';
import { aTopUp, loseTheNextCommitsAnswer, startTally, type TallyService } from './tally.js';

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

describe('when the answer to a commit is lost', () => {
  it('what the batch had committed is published before anything that comes later', async () => {
    const name = `${topics.walletCommands.name}/0`;
    const lane = tally.lane(name);
    const [first, second] = [uuidv7(), uuidv7()];
    const topUp = aTopUp('una', 1, { correlationId: first });
    loseTheNextCommitsAnswer();
    await expect(lane.handle([topUp])).rejects.toThrow('ECONNRESET');
    expect(await tally.outboxOf(name)).toHaveLength(1);
    await lane.handle([topUp, aTopUp('una', 1, { correlationId: second })]);
    expect(await tally.outboxOf(name)).toEqual([]);
    expect(await replies.of(first, second)).toMatchObject([
      { payload: { body: { total: 1 }, replayed: false } },
      { payload: { body: { total: 1 }, replayed: true } },
      { payload: { body: { total: 2 } } },
    ]);
  });

  it('and the commit is still on its way, it is waited for', async () => {
    const name = `${topics.walletCommands.name}/1`;
    const lane = tally.lane(name);
    await lane.handle([aTopUp('vic', 1)]);
    tally.handler.beforeSave = () => Promise.reject(Object.assign(new Error('silence'), { code: 'ETIMEDOUT' }));
    await expect(lane.handle([aTopUp('vic', 1)])).rejects.toThrow('silence');
    tally.handler.beforeSave = () => Promise.resolve();
    let commit = () => {};
    const thawed = new Promise<void>((resolve) => (commit = resolve));
    const frozen = inTransaction(tally.dataSource, async (tx) => {
      await tx.query('select from lane where name = $1 for update', [name]);
      await tx.query(
        `insert into outbox (id, lane, aggregatetype, aggregateid, type, topic, partition, key, headers, payload)
         values ($1, $2, 'reply', 'vic', 'reply.Answered.v1', $3, 0, 'vic', '{}', '{}')`,
        [uuidv7(), name, topics.gatewayReplies.name],
      );
      await thawed;
    });
    const handled = lane.handle([aTopUp('vic', 1)]);
    await eventually(async () => {
      const waiting = await tally.dataSource.query<unknown[]>(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length === 1;
    }).finally(commit);
    await Promise.all([frozen, handled]);
    expect(await tally.outboxOf(name)).toEqual([]);
  });
});
