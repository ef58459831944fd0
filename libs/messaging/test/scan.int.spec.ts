import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type TestTopics, withTopics } from '#testing';
import { type Admin, ConfigResourceTypes, Kafka, logLevel, type Producer } from 'kafkajs';
import type { KafkaRecord } from '../src/messages/envelope.js';
import { type ScanOptions, scanTopics } from '../src/kafka/scan.js';

let topics: TestTopics;
let admin: Admin;
let producer: Producer;

beforeAll(async () => {
  topics = await withTopics([
    { name: 'orders', partitions: 3 },
    { name: 'letters', partitions: 1 },
    { name: 'empty', partitions: 2 },
  ]);
  const kafka = new Kafka({ brokers: [...topics.brokers], logLevel: logLevel.NOTHING });
  [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  // A window's edges are between records whose times the test has chosen.
  const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }];
  const resources = ['orders', 'letters'].map((name) => ({
    type: ConfigResourceTypes.TOPIC,
    name: topics.named(name),
    configEntries,
  }));
  await admin.alterConfigs({ validateOnly: false, resources });
});

afterAll(async () => {
  await Promise.all([admin.disconnect(), producer.disconnect()]);
  await topics.drop();
});

/** `second` of the hour that has just passed, as the records' time. */
async function send(topic: string, values: readonly string[], second: number): Promise<void> {
  const messages = values.map((value, index) => ({
    key: value,
    value,
    partition: index % 3,
    timestamp: String(at(second)),
  }));
  const sole = topic === 'letters' ? messages.map((message) => ({ ...message, partition: 0 })) : messages;
  await producer.send({ topic: topics.named(topic), messages: sole });
}

const hourAgo = Date.now() - 60 * 60 * 1_000;
const at = (second: number) => hourAgo + second * 1_000;

async function valuesIn(names: readonly string[], options: Partial<ScanOptions> = {}): Promise<string[]> {
  const records: KafkaRecord[] = [];
  const scan = { brokers: topics.brokers, prefix: topics.prefix, topics: names, ...options };
  const count = await scanTopics(scan, (record) => records.push(record));
  expect(count).toBe(records.length);
  return records.map(({ topic, value }) => `${topic} ${value?.toString()}`).sort();
}

describe('a scan', () => {
  const long = Array.from({ length: 2_000 }, (_, index) => String(index));

  beforeAll(async () => {
    await send('orders', long, 1);
    await send('letters', ['a', 'b'], 2);
    await send('letters', ['c'], 3);
  });

  it('reads every record of its topics once, and ends', async () => {
    expect(await valuesIn(['orders', 'letters', 'empty'])).toEqual(
      [...long.map((value) => `orders ${value}`), 'letters a', 'letters b', 'letters c'].sort(),
    );
    expect(await valuesIn(['empty'])).toEqual([]);
  });

  it('keeps to its window of time', async () => {
    expect(await valuesIn(['orders', 'letters'], { from: at(1.5) })).toEqual(['letters a', 'letters b', 'letters c']);
    expect(await valuesIn(['orders', 'letters'], { from: at(1.5), until: at(3) })).toEqual(['letters a', 'letters b']);
    expect(await valuesIn(['orders', 'letters'], { from: at(3.001) })).toEqual([]);
  });

  it('ends where the topics ended when it began, though more is sent meanwhile', async () => {
    let more: Promise<void> | undefined;
    const seen: string[] = [];
    const scan = { brokers: topics.brokers, prefix: topics.prefix, topics: ['letters'] };
    await scanTopics(scan, ({ key }) => {
      more ??= send('letters', ['d'], 4);
      seen.push(key);
    });
    await more;
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(await valuesIn(['letters'], { from: at(3.5) })).toEqual(['letters d']);
  });

  it('passes over a topic that is not there, and refuses when none is', async () => {
    expect(await valuesIn(['letters', 'nowhere'], { from: at(3.5) })).toEqual(['letters d']);
    await expect(valuesIn(['nowhere'])).rejects.toThrow(`none of the topics, such as ${topics.named('nowhere')}`);
  });

  it('fails with what its reader throws, instead of going on without it', async () => {
    const scan = { brokers: topics.brokers, prefix: topics.prefix, topics: ['letters'] };
    const broken = scanTopics(scan, () => {
      throw new Error('too much for me');
    });
    await expect(broken).rejects.toThrow('too much for me');
  });

  it('leaves no group behind', async () => {
    const { groups } = await admin.listGroups();
    expect(groups.filter(({ groupId }) => groupId.startsWith(topics.prefix))).toEqual([]);
  });
});
