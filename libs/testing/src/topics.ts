import { randomBytes } from 'node:crypto';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { eventually } from './eventually.js';
import { infrastructure, type InfrastructureAddresses } from './infrastructure/addresses.js';

export interface TestTopics {
  readonly brokers: readonly string[];
  /** Before every topic and group name of this test file: what `KAFKA_PREFIX` is to a process. */
  readonly prefix: string;
  /** The full name of a topic or group. */
  named(name: string): string;
  drop(): Promise<void>;
}

/** Within which a broker makes and deletes topics, ms: by default a client gives it five seconds. */
const BROKER_MS = 25_000;

/** A prefix nobody else uses, so that test files can share one broker. */
export function freshPrefix(): string {
  return `t${randomBytes(4).toString('hex')}.`;
}

/** Topics of a test file's own, under a prefix of its own: `withTopics([{ name: 'orders', partitions: 2 }])`. */
export async function withTopics(
  topics: readonly { name: string; partitions: number }[],
  servers = infrastructure(),
): Promise<TestTopics> {
  const prefix = freshPrefix();
  const named = (name: string) => `${prefix}${name}`;
  await asAdmin(async (admin) => {
    await admin.createTopics({
      topics: topics.map(({ name, partitions }) => ({ topic: named(name), numPartitions: partitions })),
      waitForLeaders: false,
      timeout: BROKER_MS,
    });
    const names = topics.map(({ name }) => named(name));
    await eventually(() => allAnswer(admin, names));
  }, servers);
  return {
    brokers: servers.kafkaBrokers,
    prefix,
    named,
    drop: () => dropTopics(prefix, servers),
  };
}

/** Deletes every topic under the prefix, the ones made later (dead letters) included. */
export function dropTopics(prefix: string, servers = infrastructure()): Promise<void> {
  return asAdmin(async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    if (topics.length > 0) await admin.deleteTopics({ topics, timeout: BROKER_MS });
  }, servers);
}

/**
 * A broker answers a creation before it knows the topic, and knows who leads before the leader (itself) does: a topic
 * is there once its offsets can be read. kafkajs can wait for leaders, but takes "unknown topic" for final.
 */
async function allAnswer(admin: Admin, names: readonly string[]): Promise<boolean> {
  await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
  return true;
}

async function asAdmin(
  work: (admin: Admin) => Promise<void>,
  { kafkaBrokers }: InfrastructureAddresses,
): Promise<void> {
  const admin = new Kafka({ brokers: [...kafkaBrokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.disconnect();
  }
}
