import type { Admin, Batch } from 'kafkajs';
import { newId } from '#service';
import type { KafkaRecord } from '../messages/envelope.js';
import { KafkaClient } from './kafka.js';

/** A fetch at a topic's end waits this long, and so does the end of a scan. */
const waitMs = 100;
/** Longest silence before a scan gives up. */
const silentMs = 30_000;

export interface ScanOptions {
  readonly brokers: readonly string[];
  readonly prefix: string;
  /** Without the prefix; those that do not exist are passed over. */
  readonly topics: readonly string[];
  /** Records that the broker appended before it are left out; ms since 1970. Default: from the beginning. */
  readonly from?: number;
  /** Neither are those from here on read. Default: up to the ends as they are at the start. */
  readonly until?: number;
}

/** What is still to be read: by partition the next offset and the end, which is not read. */
type Ranges = Map<string, { readonly topic: string; readonly partition: number; next: bigint; readonly end: bigint }>;

/**
 * Reads what lies in some topics now and ends by itself. Records of a partition come in their order, partitions in
 * between one another. Leaves nothing behind: its group commits no offsets and is deleted.
 * @returns how many records there were
 * @throws when no broker answers, none of the topics exists, or nothing comes for half a minute.
 */
export async function scanTopics(options: ScanOptions, onRecord: (record: KafkaRecord) => void): Promise<number> {
  const { brokers, prefix } = options;
  const kafka = new KafkaClient({ brokers, prefix, sessionMs: 10_000, clientId: 'scan' });
  const admin = kafka.admin();
  await admin.connect();
  try {
    const ranges = await findRanges(kafka, admin, options);
    if (ranges.size === 0) return 0;
    const group = `scan.${newId()}`;
    try {
      return await readRanges(kafka, group, ranges, onRecord);
    } finally {
      // The broker would forget an empty group only after minutes. One that was never joined is not there.
      await admin.deleteGroups([kafka.wireName(group)]).catch(() => {});
    }
  } finally {
    await admin.disconnect();
  }
}

async function findRanges(kafka: KafkaClient, admin: Admin, { topics, from, until }: ScanOptions): Promise<Ranges> {
  const existing = new Set(await admin.listTopics());
  const wanted = [...new Set(topics)].map((topic) => kafka.wireName(topic)).filter((topic) => existing.has(topic));
  if (wanted.length === 0) throw new Error(`there is none of the topics, such as ${kafka.wireName(topics[0] ?? '')}`);
  const ranges: Ranges = new Map();
  const offsetsAt = async (topic: string, time: number | undefined) =>
    new Map(
      time === undefined
        ? []
        : (await admin.fetchTopicOffsetsByTimestamp(topic, time)).map((one) => [one.partition, BigInt(one.offset)]),
    );
  const find = async (topic: string) => {
    const [offsets, starts, ends] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      offsetsAt(topic, from),
      offsetsAt(topic, until),
    ]);
    for (const { partition, low, high } of offsets) {
      const next = starts.get(partition) ?? BigInt(low);
      const end = ends.get(partition) ?? BigInt(high);
      if (next < end) ranges.set(`${topic}/${partition}`, { topic, partition, next, end });
    }
  };
  await Promise.all(wanted.map(find));
  return ranges;
}

async function readRanges(
  kafka: KafkaClient,
  group: string,
  ranges: Ranges,
  onRecord: (record: KafkaRecord) => void,
): Promise<number> {
  const consumer = kafka.consumer(group, undefined, waitMs);
  let count = 0;
  let lastReadAt = Date.now();
  const take = (batch: Batch) => {
    const range = ranges.get(`${batch.topic}/${batch.partition}`);
    if (!range) return;
    for (const message of batch.messages) {
      const record = kafka.toRecord(batch.topic, batch.partition, message);
      if (record.offset < range.next || record.offset >= range.end) continue;
      count += 1;
      onRecord(record);
    }
    // Past its last record: what a compaction took away in between is not waited for.
    const next = BigInt(batch.lastOffset()) + 1n;
    if (next <= range.next) return;
    range.next = next;
    lastReadAt = Date.now();
  };
  consumer.on(consumer.events.GROUP_JOIN, () => {
    lastReadAt = Date.now();
    for (const { topic, partition, next } of ranges.values()) consumer.seek({ topic, partition, offset: String(next) });
  });
  try {
    await consumer.connect();
    await consumer.subscribe({
      topics: [...new Set([...ranges.values()].map(({ topic }) => topic))],
      fromBeginning: true,
    });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      const eachBatch = ({ batch }: { batch: Batch }) => {
        try {
          take(batch);
        } catch (error) {
          // The client would try the batch again and again.
          reject(error as Error);
        }
        if ([...ranges.values()].every(({ next, end }) => next >= end)) resolve();
        return Promise.resolve();
      };
      // A fetch that brings nothing is one too.
      consumer.on(consumer.events.FETCH, () => {
        if (Date.now() - lastReadAt > silentMs) reject(new Error('nothing more comes, and the end is not reached'));
      });
      consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch }).catch(reject);
    });
    return count;
  } finally {
    await consumer.disconnect();
  }
}
