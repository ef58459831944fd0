import { topics, wallet } from '#contracts';
import { eventually, type OwnServers, startServers, type TestTopics, withTopics } from '#testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { Producer } from 'kafkajs';
import { v7 as uuidv7 } from 'uuid';
import { Overloaded } from '../src/request-reply/command-bus.js';
import { KafkaClient } from '../src/kafka/kafka.js';
import { Reader } from '../src/kafka/reader.js';
import { KafkaCommandBus } from '../src/request-reply/request-reply.js';

const sessionMs = 2_500;
const inFlightMax = 5;
/** Between complaints in the same words, less what this host's two clocks may differ by, ms. */
const sameWordsEveryMs = 10_000 - 100;

describe('while the broker is away', () => {
  let servers: OwnServers;
  let own: TestTopics;
  let reader: Reader;
  let producer: Producer;
  let bus: KafkaCommandBus;
  const read: string[] = [];
  /** What the client complained of, at which times, ms. */
  const said = new Map<string, number[]>();

  beforeAll(async () => {
    servers = await startServers();
    own = await withTopics(
      [topics.walletCommands].map(({ name, partitions }) => ({ name, partitions })),
      servers.addresses,
    );
    const kafka = new KafkaClient({ ...own, sessionMs, clientId: 'test' });
    producer = kafka.producer(3);
    bus = new KafkaCommandBus(kafka, producer, { source: 'test', instanceId: 'test', waitMs: 500, inFlightMax });
    const { name: topic, partitions } = topics.walletCommands;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    const onRecord = (record: { key: string }) => read.push(record.key);
    reader = new Reader({ kafka, topic, partitions: all, from: 'now', onRecord });
    const note = (message: unknown) => {
      const words = String(message);
      said.set(words, [...(said.get(words) ?? []), performance.now()]);
    };
    Logger.overrideLogger({ log: note, warn: note, error: note });
    await Promise.all([producer.connect(), reader.start()]);
    await eventually(() => reader.condition().ready);
  }, 120_000);

  afterAll(async () => {
    Logger.overrideLogger(true);
    await Promise.all([reader.stop(), producer.disconnect()]);
    await servers.stop();
  });

  const tell = (userId: string) => bus.tell(wallet.topUp, { topUpId: uuidv7(), userId, amount: 1 });

  const refusalOf = (userId: string) =>
    tell(userId).then(
      () => 'taken',
      (error: unknown) => {
        expect(error).toBeInstanceOf(Overloaded);
        return (error as Error).message;
      },
    );

  it('a reader says so within its session, is live, and reads on when the broker moves again', async () => {
    await eventually(async () => (await refusalOf('before')) === 'taken');
    await eventually(() => read.includes('before'));
    await servers.kafka.pause();
    await eventually(() => !reader.condition().ready, { within: 2 * sessionMs });
    expect(reader.condition()).toEqual({ live: true, ready: false, detail: 'the broker is silent' });
    await servers.kafka.resume();
    await eventually(() => reader.condition().ready);
    await eventually(async () => (await refusalOf('after')) === 'taken');
    await eventually(() => read.includes('after'));
  });

  it('commands that nobody waits for any more still count, so that a silent broker fills no memory', async () => {
    await servers.kafka.pause();
    const first = await Promise.all(Array.from({ length: inFlightMax }, () => refusalOf('kept')));
    expect(new Set(first)).toEqual(new Set(['the broker did not answer in time']));
    expect(await refusalOf('one more')).toBe('too many commands wait to be sent');
    await servers.kafka.resume();
    await eventually(async () => (await refusalOf('room again')) === 'taken', { within: 30_000 });
  });

  it('the client complains in the same words once in ten seconds, and comes back by itself', async () => {
    await servers.kafka.kill();
    said.clear();
    const refused = await refusalOf('gone');
    expect(refused).not.toBe('taken');
    await eventually(() => [...said.keys()].some((words) => words.includes('ECONNREFUSED')));
    // As long as that takes it is refused, several times a second.
    await servers.kafka.start();
    await eventually(() => reader.condition().ready, { within: 30_000 });
    await eventually(async () => (await refusalOf('back')) === 'taken', { within: 30_000 });
    await eventually(() => read.includes('back'));
    const waits = [...said.values()].flatMap((times) => times.slice(1).map((time, index) => time - times[index]!));
    expect(waits.filter((wait) => wait < sameWordsEveryMs)).toEqual([]);
  }, 120_000);
});
