// What a hold's way through Kafka costs without anything on it: out, through two processes that pass records on, and back.
// The clients are those of the services, with their settings; a batch goes on in one send.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { built } from './servers.mjs';

const TOPICS = ['commands', 'events', 'replies'];
const PARTITIONS = 4;

async function clientOf({ brokers, prefix }, clientId) {
  const { KafkaClient } = await built('libs/messaging/src/kafka/kafka.js');
  return new KafkaClient({ brokers, prefix, sessionMs: 6_000, clientId });
}

/** Consumes one topic, and hands on whole batches. */
async function consume(client, topic, onBatch) {
  const consumer = client.consumer(`echo-${topic}`);
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.connect();
  await consumer.subscribe({ topic: client.wireName(topic), fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: PARTITIONS,
    eachBatch: async ({ batch }) => onBatch(batch),
  });
  await joined;
  return consumer;
}

export async function startEcho() {
  const { infrastructure, withTopics } = await built('libs/testing/src/index.js');
  const topics = await withTopics(TOPICS.map((name) => ({ name, partitions: PARTITIONS })));
  const own = { brokers: infrastructure().kafkaBrokers, prefix: topics.prefix };
  const hops = [
    ['commands', 'events'],
    ['events', 'replies'],
  ].map(([from, to]) => fork(fileURLToPath(import.meta.url), [JSON.stringify({ ...own, from, to })]));
  await Promise.all(hops.map((hop) => new Promise((resolve) => hop.once('message', resolve))));
  const client = await clientOf(own, 'echo');
  const producer = client.producer(3);
  await producer.connect();
  const sentAt = new Map();
  let arrived = () => undefined;
  const consumer = await consume(client, 'replies', ({ messages }) => {
    for (const { value } of messages) arrived(Number(value.toString()));
  });

  /** Records at a fixed rate; ms of each from when it was due to when it came back. */
  const times = ({ perSecond, count }) =>
    new Promise((resolve, reject) => {
      const all = [];
      const from = performance.now();
      let sent = 0;
      arrived = (number) => {
        all.push(performance.now() - sentAt.get(number));
        if (all.length === count) resolve(all);
      };
      const clock = () => {
        const records = [];
        for (const now = performance.now(); sent < count; sent += 1) {
          const at = from + (1_000 * sent) / perSecond;
          if (at > now) break;
          sentAt.set(sent, at);
          records.push({
            topic: 'commands',
            partition: sent % PARTITIONS,
            key: 'k',
            headers: {},
            payload: String(sent),
          });
        }
        if (records.length > 0) client.send(producer, records).catch(reject);
        if (sent < count) setTimeout(clock, 1);
      };
      clock();
    });

  await times({ perSecond: 200, count: 200 });
  return {
    times,
    stop: async () => {
      for (const hop of hops) hop.disconnect();
      await Promise.all([consumer.disconnect(), producer.disconnect()]);
    },
  };
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url)) {
  const { from, to, ...own } = JSON.parse(process.argv[2]);
  const client = await clientOf(own, `echo-${from}`);
  const producer = client.producer(3);
  await producer.connect();
  await consume(client, from, ({ partition, messages }) =>
    client.send(
      producer,
      messages.map(({ value }) => ({ topic: to, partition, key: 'k', headers: {}, payload: value.toString() })),
    ),
  );
  process.send('ready');
  process.once('disconnect', () => process.exit());
}
