import { type MessageContract, type PayloadOf, topics, wallet } from '#contracts';
import { databaseOptions } from '#service';
import { emptyDatabase, type TestDatabase, type TestTopics, withTopics } from '#testing';
import type { Producer } from 'kafkajs';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { encodeHeaders, read, type Read } from '../src/messages/envelope.js';
import type { Consumer } from '../src/handling/fold.js';
import { tendInbox } from '../src/postgres/inbox.store.js';
import { KafkaClient } from '../src/kafka/kafka.js';
import { channelOf, type MomentDetails } from '../src/moments.js';
import {
  answer,
  type Context,
  createMessagingTables,
  type Handler,
  type Message,
  OperatorLog1795645044214,
  type Transaction,
} from '../src/index.js';
import { Batches } from '../src/handling/batches.js';
import { PartitionLane } from '../src/handling/partition-lane.js';
import { Publisher } from '../src/handling/publisher.js';

const accepted: ReadonlySet<string> = new Set([wallet.topUp, wallet.replayDeadLetter].map(({ type }) => type));

type TopUp = Message<typeof wallet.topUp>;

export const bug = 13;

/** The least service that shows what the engine promises: it adds up what each user sent. */
export class TallyHandler implements Handler<Map<string, number>, TopUp> {
  /** Awaited inside the transaction, so that a test can hold a batch open. */
  beforeSave: () => Promise<void> = () => Promise.resolve();
  batches = 0;
  /** Amounts that it cannot handle. */
  readonly bugs = new Set([bug]);

  async load(messages: readonly TopUp[], tx: Transaction): Promise<Map<string, number>> {
    this.batches += 1;
    const users = [...new Set(messages.map((message) => message.payload.userId))].sort();
    const rows = await tx.query<{ user_id: string; total: number }>(
      'select user_id, total from tally where user_id = any($1) order by user_id for update',
      [users],
    );
    return new Map([
      ...users.map((user) => [user, 0] as const),
      ...rows.map((row) => [row.user_id, row.total] as const),
    ]);
  }

  decide(tallies: Map<string, number>, { payload }: TopUp, { now }: Context) {
    if (this.bugs.has(payload.amount)) throw new TypeError('a bug');
    const total = tallies.get(payload.userId)! + payload.amount;
    tallies.set(payload.userId, total);
    return { outcome: answer({ total, at: now.toISOString() }) };
  }

  async save(tallies: Map<string, number>, tx: Transaction): Promise<void> {
    await tx.query(
      `insert into tally select * from unnest($1::text[], $2::int[])
       on conflict (user_id) do update set total = excluded.total`,
      [[...tallies.keys()], [...tallies.values()]],
    );
    await this.beforeSave();
  }
}

export interface TallyService {
  readonly database: TestDatabase;
  readonly topics: TestTopics;
  readonly dataSource: DataSource;
  readonly kafka: KafkaClient;
  readonly producer: Producer;
  readonly publisher: Publisher;
  readonly handler: TallyHandler;
  readonly consumer: Consumer;
  /** With transactions of its own. */
  lane(name?: string, consumer?: Consumer): PartitionLane;
  total(user: string): Promise<number | undefined>;
  /** In the order of their offsets. */
  deadLetters(subjects: readonly string[]): Promise<{ subject: string; reason: string; error: string }[]>;
  /** What a lane has not published yet, oldest first: what the broker has is deleted first. */
  outboxOf(lane: string): Promise<{ partition: number }[]>;
  close(): Promise<void>;
}

export async function startTally(): Promise<TallyService> {
  const database = await emptyDatabase();
  const testTopics = await withTopics([
    ...Object.values(topics).map(({ name, partitions }) => ({ name, partitions })),
    { name: 'wallet.commands.tally.dlt', partitions: 1 },
  ]);
  const options = databaseOptions({ schema: 'public', url: database.adminUrl, poolSize: 10, entities: [] });
  // Tests that see somebody wait for a lock let it go themselves, however slow the machine is.
  Object.assign(options.extra, { options: options.extra.options.replace('lock_timeout=3000', 'lock_timeout=8000') });
  const dataSource = await new DataSource(options).initialize();
  const runner = dataSource.createQueryRunner();
  await createMessagingTables(runner);
  await new OperatorLog1795645044214().up(runner);
  await runner.query('create table tally (user_id text primary key, total int not null)');
  await runner.release();
  await tendInbox(dataSource);
  const kafka = new KafkaClient({ ...testTopics, sessionMs: 2_500, clientId: 'tally' });
  const producer = kafka.producer(3);
  await producer.connect();
  const publisher = new Publisher(dataSource, kafka, producer);
  const handler = new TallyHandler();
  const consumer: Consumer = {
    name: 'wallet.commands.tally',
    service: 'tally',
    handler: handler as Handler<unknown, unknown>,
    parkBehind: true,
    accepted,
  };
  return {
    database,
    topics: testTopics,
    dataSource,
    kafka,
    producer,
    publisher,
    handler,
    consumer,
    lane: (name = 'wallet.commands/0', by = consumer) =>
      new PartitionLane(name, new Batches(by, dataSource, publisher)),
    total: async (user) => {
      const [row] = await dataSource.query<{ total: number }[]>('select total from tally where user_id = $1', [user]);
      return row?.total;
    },
    deadLetters: (subjects) =>
      dataSource.query('select subject, reason, error from dead_letter where subject = any($1) order by "offset"', [
        subjects,
      ]),
    outboxOf: async (lane) => {
      await publisher.erase();
      return dataSource.query('select partition from outbox where lane = $1 order by seq', [lane]);
    },
    close: async () => {
      await producer.disconnect();
      await dataSource.destroy();
      await database.drop();
      await testTopics.drop();
    },
  };
}

let nextOffset = 0n;

export interface AsRecord {
  readonly id?: string;
  readonly correlationId?: string;
  readonly requestHash?: string;
  readonly subject?: string;
  readonly offset?: bigint;
  /** Types that the consumer takes; TopUp unless said. */
  readonly accepts?: ReadonlySet<string>;
}

/** A record as the consumer would hand it over, at the next offset of partition 0. */
export function aTopUp(userId: string, amount: number, given: AsRecord = {}): Read {
  const topUpId = uuidv7();
  return aRecord(wallet.topUp, { topUpId, userId, amount }, { subject: topUpId, ...given });
}

export function aRecord<C extends MessageContract>(contract: C, payload: PayloadOf<C>, given: AsRecord = {}): Read {
  const { id = uuidv7(), correlationId = uuidv7(), requestHash = null, subject = id } = given;
  nextOffset += 1n;
  const headers = encodeHeaders({
    id,
    type: contract.type,
    source: 'test',
    subject,
    time: new Date().toISOString(),
    correlationId,
    requestHash,
    replyTo: `${topics.gatewayReplies.name}/0/${correlationId}`,
  });
  const value = Buffer.from(JSON.stringify(payload));
  return read(
    {
      topic: contract.topic.name,
      partition: 0,
      offset: given.offset ?? nextOffset,
      key: contract.key(payload),
      value,
      headers,
      appendedAt: Date.now(),
    },
    given.accepts ?? new Set([...accepted, contract.type]),
  );
}

interface Query {
  query: (statement: unknown) => Promise<unknown>;
  end: () => Promise<void>;
}

/** The next batch is committed, and its connection breaks before the process hears of it. */
export function loseTheNextCommitsAnswer(): void {
  const written = channelOf('batch.written');
  const onWritten = (details: unknown) => {
    unsubscribe(written, onWritten);
    const { client } = (details as MomentDetails).transaction as unknown as { client: Query };
    const query = client.query.bind(client);
    client.query = async (statement) => {
      const result = await query(statement);
      if (statement !== 'commit') return result;
      await client.end();
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    };
  };
  subscribe(written, onWritten);
}
