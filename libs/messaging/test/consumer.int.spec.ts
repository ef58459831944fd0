import { topics, wallet } from '#contracts';
import { databaseOptions } from '#service';
import { eventually, linkTo, type TcpLink } from '#testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { encodeHeaders } from '../src/messages/envelope.js';
import type { Sendable } from '../src/kafka/kafka.js';
import { Batches } from '../src/handling/batches.js';
import { PartitionLane } from '../src/handling/partition-lane.js';
import { Publisher } from '../src/handling/publisher.js';
import { TopicConsumer } from '../src/kafka/topic-consumer.js';
import { bug, startTally, type TallyService } from './tally.js';

let tally: TallyService;
let link: TcpLink;
let linked: DataSource;
let consumer: TopicConsumer;

/** The consumer under test reaches its database through a link that a test can cut. */
beforeAll(async () => {
  tally = await startTally();
  const url = new URL(tally.database.adminUrl);
  link = await linkTo(url.hostname, Number(url.port));
  url.host = `127.0.0.1:${link.port}`;
  linked = await new DataSource(
    databaseOptions({ schema: 'public', url: url.href, poolSize: 10, entities: [] }),
  ).initialize();
});

afterAll(async () => {
  await linked.destroy();
  await link.close();
  await tally.close();
});

beforeEach(async () => {
  consumer = aConsumer();
  await consumer.start();
  await eventually(() => consumer.condition().ready);
});

afterEach(() => consumer.stop());

function aConsumer(): TopicConsumer {
  const batches = new Batches(tally.consumer, linked, new Publisher(linked, tally.kafka, tally.producer));
  return new TopicConsumer({
    kafka: tally.kafka,
    topic: topics.walletCommands,
    group: tally.consumer.name,
    accepted: new Set([wallet.topUp.type]),
    laneOf: (name) => new PartitionLane(name, batches),
    dispatch: (work) => work(),
  });
}

function aRecord(userId: string, amount: number, partition = 0): Sendable {
  const id = uuidv7();
  const headers = encodeHeaders({
    id,
    type: wallet.topUp.type,
    source: 'test',
    subject: id,
    time: new Date().toISOString(),
    correlationId: id,
  });
  const payload = JSON.stringify({ topUpId: id, userId, amount });
  return { topic: topics.walletCommands.name, partition, key: userId, headers, payload };
}

const send = (records: readonly Sendable[]) => tally.kafka.send(tally.producer, records);

const totalOf = (user: string, total: number) => eventually(async () => (await tally.total(user)) === total);

it('reads what was sent to a quiet partition before anybody had an offset there', async () => {
  await consumer.stop();
  await send([aRecord('quiet', 4, 3)]);
  consumer = aConsumer();
  await consumer.start();
  await totalOf('quiet', 4);
});

it('goes on past bytes that are no message, types nobody knows and payloads out of their schema', async () => {
  const good = aRecord('bytes', 1);
  await send([
    { ...aRecord('bytes', 1), payload: '{"half' },
    { ...aRecord('bytes', 1), headers: {} },
    { ...aRecord('bytes', 1), headers: { ...good.headers, ce_type: 'wallet.Nonsense.v1' } },
    aRecord('bytes', -5),
    { ...aRecord('bytes', 1), headers: { ...good.headers, replyto: 'wallet.commands/0/x' } },
    good,
  ]);
  await totalOf('bytes', 1);
  const letters = await tally.dataSource.query<{ reason: string }[]>('select reason from dead_letter where key = $1', [
    'bytes',
  ]);
  expect(letters.map(({ reason }) => reason)).toEqual(Array(5).fill('malformed'));
});

it('parks nothing while the database is away, says that it is not ready, and loses nothing', async () => {
  link.cut();
  await send(Array.from({ length: 300 }, () => aRecord('outage', 1)));
  await eventually(() => !consumer.condition().ready);
  expect(consumer.condition().live).toBe(true);
  link.mend();
  await totalOf('outage', 300);
  await eventually(() => consumer.condition().ready);
  const parked = await tally.dataSource.query('select 1 from dead_letter where key = $1', ['outage']);
  expect(parked).toHaveLength(0);
});

it('handles nothing again after a restart, and goes on where it was', async () => {
  await send(Array.from({ length: 50 }, () => aRecord('restart', 1)));
  await totalOf('restart', 50);
  await consumer.stop();
  const batches = tally.handler.batches;
  consumer = aConsumer();
  await consumer.start();
  await send([aRecord('restart', 1)]);
  await totalOf('restart', 51);
  // The fifty would have been a batch before that one, whole or in parts.
  expect(tally.handler.batches - batches).toBeLessThanOrEqual(2);
});

it('shares its partitions with a second process and leaves none of its work half done', async () => {
  const second = aConsumer();
  // A user's messages are all in one partition, as keys see to it: tallies are read, changed and written.
  const sendToEach = (count: number) =>
    send(Array.from({ length: 4 * count }, (_, index) => aRecord(`shared-${index % 4}`, 1, index % 4)));
  const eachHas = (total: number) => Promise.all([0, 1, 2, 3].map((user) => totalOf(`shared-${user}`, total)));
  await sendToEach(50);
  try {
    await second.start();
    await sendToEach(50);
    await eachHas(100);
  } finally {
    await second.stop();
  }
  await sendToEach(1);
  await eachHas(101);
});

it('keeps other partitions going while one message is handled again and again', async () => {
  await send([aRecord('others-0', bug, 0), aRecord('others-1', 1, 1), aRecord('others-2', 1, 2)]);
  await totalOf('others-1', 1);
  await totalOf('others-2', 1);
});
