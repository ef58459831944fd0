import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { foldBatches } from '../src/handling/batch-transaction.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { listenForReplies, type Replies } from './replies.js';
import { aTopUp, startTally, type TallyService } from './tally.js';

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

describe('publishing', () => {
  it('deletes what the broker has by itself, with no batch waiting for it', async () => {
    const name = 'wallet.commands/6';
    const correlationId = uuidv7();
    await tally.lane(name).handle([aTopUp('liv', 1, { correlationId })]);
    await replies.of(correlationId);
    const rows = () => tally.dataSource.query<unknown[]>('select from outbox where lane = $1', [name]);
    await eventually(async () => (await rows()).length === 0);
  });

  it('keeps what it could not delete in mind, and sends none of it again', async () => {
    const name = 'wallet.commands/5';
    const correlationId = uuidv7();
    const lane = await takeOverLane(tally.dataSource, name);
    const { outbox } = await foldBatches(tally.dataSource, tally.consumer, [
      { lane, records: [aTopUp('liv', 1, { correlationId })], attempts: 0 },
    ]);
    const query = tally.dataSource.query.bind(tally.dataSource);
    const failing = jest.spyOn(tally.dataSource, 'query').mockRejectedValue(new Error('the database is away'));
    await tally.publisher.publish(outbox);
    await expect(tally.publisher.erase()).rejects.toThrow('away');
    failing.mockImplementation(query as never);
    await tally.publisher.publishLane(name);
    failing.mockRestore();
    expect(await replies.of(correlationId)).toHaveLength(1);
    expect(await tally.outboxOf(name)).toHaveLength(0);
  });

  it('deletes nothing unsent when the broker answers for one partition and not for another', async () => {
    const name = 'wallet.commands/8';
    const correlationId = uuidv7();
    const lane = await takeOverLane(tally.dataSource, name);
    await foldBatches(tally.dataSource, tally.consumer, [
      { lane, records: [aTopUp('ned', 1, { correlationId }), aTopUp('ned', 1)], attempts: 0 },
    ]);
    // The topic has no partition 99: the client resolves as if all were sent.
    await tally.dataSource.query(
      'update outbox set partition = 99 where seq = (select max(seq) from outbox where lane = $1)',
      [name],
    );
    await expect(tally.publisher.publishLane(name)).rejects.toThrow('not confirmed');
    await replies.of(correlationId);
    expect(await tally.outboxOf(name)).toEqual([expect.objectContaining({ partition: 99 })]);
    await tally.dataSource.query('delete from outbox where lane = $1', [name]);
  });

  it('finds rows that nobody cares for once they are ten seconds old', async () => {
    const name = 'timer:abandoned';
    const correlationId = uuidv7();
    const lane = await takeOverLane(tally.dataSource, name);
    await foldBatches(tally.dataSource, tally.consumer, [
      { lane, records: [aTopUp('oda', 1, { correlationId })], attempts: 0 },
    ]);
    await tally.publisher.publishOverdue();
    expect(await tally.outboxOf(name)).toHaveLength(1);
    await tally.dataSource.query(`update outbox set created_at = created_at - interval '11 s' where lane = $1`, [name]);
    await tally.publisher.publishOverdue();
    await replies.of(correlationId);
    expect(await tally.outboxOf(name)).toHaveLength(0);
  });

  it('parks a message that the broker refuses for good, and sends the ones around it', async () => {
    const name = 'wallet.commands/10';
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    const lane = await takeOverLane(tally.dataSource, name);
    await foldBatches(tally.dataSource, tally.consumer, [
      { lane, records: ids.map((correlationId) => aTopUp('pia', 1, { correlationId })), attempts: 0 },
    ]);
    await tally.dataSource.query(
      `update outbox set payload = '"' || repeat('x', 1200000) || '"' where lane = $1 and key = $2`,
      [name, ids[1]],
    );
    await tally.publisher.publishLane(name);
    await replies.of(ids[0]!, ids[2]!);
    const [letter] = await tally.deadLetters([ids[1]!]);
    expect(letter).toMatchObject({ reason: 'refused' });
    expect(await tally.outboxOf(name)).toHaveLength(0);
  });
});
