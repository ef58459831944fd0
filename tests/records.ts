import { Kafka, logLevel } from 'kafkajs';
import { eventually, freshPrefix, type System } from '#testing';

export interface SeenRecord {
  readonly key: string;
  /** The header `ce_type`. */
  readonly type: string;
  /** The header `ce_time`, RFC 3339. */
  readonly time: string;
}

/** Every record that lies in a topic of the system now, in no order among partitions. */
export async function recordsOf({ kafka }: System, topic: string): Promise<SeenRecord[]> {
  const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
  const named = `${kafka.prefix}${topic}`;
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(named).finally(() => admin.disconnect());
  const wanted = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
  const seen: SeenRecord[] = [];
  const consumer = client.consumer({ groupId: `${freshPrefix()}reader`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: named, fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        const header = (name: string) => String(message.headers?.[name] ?? '');
        seen.push({ key: String(message.key), type: header('ce_type'), time: header('ce_time') });
        return Promise.resolve();
      },
    });
    await eventually(() => seen.length >= wanted);
  } finally {
    await consumer.disconnect();
  }
  return seen;
}
