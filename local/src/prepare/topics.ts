import { deadLetterTopicOf, topics, type Topic } from '#contracts';
import { type Admin, type ITopicConfig, Kafka, logLevel } from 'kafkajs';
import { setTimeout as pause } from 'node:timers/promises';

const replicationFactor = Number(process.env.KAFKA_REPLICATION_FACTOR || 1);
/** Long enough for a person to look at what was parked. */
const deadLetterRetentionMs = 30 * 24 * 60 * 60 * 1000;
const readableWithinMs = 30_000;
/** Within which a broker must have made the topics; by default a client gives it five seconds. */
const brokerWithinMs = 15_000;

/**
 * Makes the topics that are missing, dead letter topics included, every name after `prefix`.
 * @throws when a topic has another partition count than its contract: counts never change in place.
 */
export async function prepareTopics(brokers: string[], prefix: string): Promise<void> {
  const kafka = new Kafka({
    clientId: 'prepare',
    brokers,
    logLevel: logLevel.NOTHING,
    connectionTimeout: 10_000,
    requestTimeout: brokerWithinMs + 5_000,
  });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const wanted = Object.values(topics).flatMap((topic) => configsOf(topic, prefix));
    const existing = new Set(await admin.listTopics());
    const missing = wanted.filter(({ topic }) => !existing.has(topic));
    if (missing.length > 0) await createTopics(admin, missing);
    await requirePartitions(admin, wanted);
  } finally {
    await admin.disconnect();
  }
}

function configsOf({ name, partitions, kind, groups, retentionMs }: Topic, prefix: string): ITopicConfig[] {
  // A snapshot lives until its key's next one.
  const policy = kind === 'snapshots' ? entry('cleanup.policy', 'compact') : entry('retention.ms', retentionMs);
  const appendTime = entry('message.timestamp.type', 'LogAppendTime');
  const own = {
    topic: prefix + name,
    numPartitions: partitions,
    replicationFactor,
    configEntries: [policy, appendTime],
  };
  const deadLetters = groups.map((group) => ({
    topic: prefix + deadLetterTopicOf(group),
    numPartitions: 1,
    replicationFactor,
    configEntries: [entry('retention.ms', deadLetterRetentionMs)],
  }));
  return [own, ...deadLetters];
}

function entry(name: string, value: string | number): { name: string; value: string } {
  return { name, value: String(value) };
}

async function createTopics(admin: Admin, missing: ITopicConfig[]): Promise<void> {
  // False when some exist: another preparation was faster.
  await admin.createTopics({ topics: missing, waitForLeaders: false, timeout: brokerWithinMs });
  await untilReadable(admin, missing);
  process.stdout.write(`topics: ${missing.map(({ topic }) => topic).join(', ')}\n`);
}

/**
 * A broker answers a creation before it knows the topic, and knows who leads before the leader (itself) does: a topic is
 * there once its offsets can be read. kafkajs can wait for leaders, but takes "unknown topic" for final.
 */
async function untilReadable(admin: Admin, created: readonly ITopicConfig[]): Promise<void> {
  const end = performance.now() + readableWithinMs;
  for (;;) {
    try {
      await Promise.all(created.map(({ topic }) => admin.fetchTopicOffsets(topic)));
      return;
    } catch (error) {
      if (performance.now() > end) throw error;
      await pause(100);
    }
  }
}

async function requirePartitions(admin: Admin, wanted: readonly ITopicConfig[]): Promise<void> {
  const { topics: present } = await admin.fetchTopicMetadata({ topics: wanted.map(({ topic }) => topic) });
  for (const { topic, numPartitions } of wanted) {
    const count = present.find(({ name }) => name === topic)?.partitions.length;
    if (count !== numPartitions) {
      throw new Error(
        `topic ${topic} has ${count} partitions, its contract says ${numPartitions}: a bigger topic is a new topic`,
      );
    }
  }
}
