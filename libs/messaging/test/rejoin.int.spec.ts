import { topics, wallet } from '#contracts';
import { eventually } from '#testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { encodeHeaders } from '../src/messages/envelope.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { TopicConsumer } from '../src/kafka/topic-consumer.js';
import { startTally, type TallyService } from './tally.js';

let tally: TallyService;
let consumer: TopicConsumer;

beforeAll(async () => {
  tally = await startTally();
  consumer = new TopicConsumer({
    kafka: tally.kafka,
    topic: topics.walletCommands,
    group: tally.consumer.name,
    accepted: new Set([wallet.topUp.type]),
    laneOf: (name) => tally.lane(name),
    dispatch: (work) => work(),
  });
  await consumer.start();
  await eventually(() => consumer.condition().ready);
});

afterAll(async () => {
  await consumer.stop();
  await tally.close();
});

async function send(userId: string): Promise<void> {
  const id = uuidv7();
  const headers = encodeHeaders({
    id,
    type: wallet.topUp.type,
    source: 'test',
    subject: id,
    time: new Date().toISOString(),
    correlationId: id,
  });
  const payload = JSON.stringify({ topUpId: id, userId, amount: 1 });
  const record = { topic: topics.walletCommands.name, partition: 0, key: userId, headers, payload };
  await tally.kafka.send(tally.producer, [record]);
}

it('a lane taken over by a process that has lost the partition since goes back to the one that has it', async () => {
  await send('una');
  await eventually(async () => (await tally.total('una')) === 1);
  // What a former owner does whose take-over was held up, by its database or its host, past the next assignment.
  await takeOverLane(tally.dataSource, `${topics.walletCommands.name}/0`);
  await send('una');
  await eventually(async () => (await tally.total('una')) === 2, { within: 20_000 });
  expect(consumer.condition().live).toBe(true);
});
