import { Logger } from '@nestjs/common';
import {
  type Admin,
  type Consumer,
  Kafka,
  type KafkaMessage,
  logLevel,
  type PartitionAssigner,
  Partitioners,
  type Producer,
} from 'kafkajs';
import { Counter } from '#service';
import { type KafkaRecord, textHeaders } from '../messages/envelope.js';

export interface KafkaOptions {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly sessionMs: number;
  readonly clientId: string;
}

/** A record to be sent to a partition that the sender has already chosen; `topic` is without the prefix. */
export interface Sendable {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

/** The only place that knows the Kafka client; prefixes every name on the way in and takes it off on the way out. */
export class KafkaClient {
  private readonly kafka: Kafka;

  constructor(private readonly options: KafkaOptions) {
    this.kafka = new Kafka({
      clientId: options.clientId,
      brokers: [...options.brokers],
      connectionTimeout: 2_000,
      requestTimeout: 10_000,
      logLevel: logLevel.WARN,
      logCreator: () => logKafka,
      // Set here because the client's defaults change with NODE_ENV.
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8 },
    });
  }

  admin(): Admin {
    return this.kafka.admin();
  }

  producer(retries: number): Producer {
    return this.kafka.producer({
      allowAutoTopicCreation: false,
      // Named only to keep the client from warning: every record names its partition itself.
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries },
    });
  }

  /** @param waitMs how long a fetch waits for what is not there yet; default a third of the session */
  consumer(group: string, assigner?: PartitionAssigner, waitMs?: number): Consumer {
    const { sessionMs, prefix } = this.options;
    return this.kafka.consumer({
      groupId: prefix + group,
      sessionTimeout: sessionMs,
      heartbeatInterval: Math.floor(sessionMs / 3),
      rebalanceTimeout: Math.max(sessionMs, 10_000),
      minBytes: 1,
      // On one broker the wait does not delay a message; it bounds idle heartbeats and the time to disconnect or rejoin.
      maxWaitTimeInMs: waitMs ?? Math.floor(sessionMs / 3),
      maxBytesPerPartition: 2 * 1024 * 1024,
      retry: { initialRetryTime: 100, maxRetryTime: 2_000, retries: 8, restartOnFailure: () => Promise.resolve(true) },
      ...(assigner ? { partitionAssigners: [assigner] } : {}),
    });
  }

  get sessionMs(): number {
    return this.options.sessionMs;
  }

  wireName(topic: string): string {
    return this.options.prefix + topic;
  }

  toRecord(wireTopic: string, partition: number, message: KafkaMessage): KafkaRecord {
    const headers = textHeaders(message.headers);
    return {
      topic: wireTopic.slice(this.options.prefix.length),
      partition,
      offset: BigInt(message.offset),
      key: message.key?.toString() ?? '',
      value: message.value,
      headers,
      appendedAt: Number(headers['originaltime'] ?? message.timestamp),
    };
  }

  /**
   * Sends the records in their order and tells which of them the broker has confirmed, one flag a record: the client may
   * resolve with partitions left out (an answered broker is skipped on a retry, an unknown partition is dropped), so only
   * what the produce result names without an error counts.
   */
  async send(producer: Producer, records: readonly Sendable[]): Promise<boolean[]> {
    const byTopic = new Map<string, Sendable[]>();
    for (const record of records) {
      const list = byTopic.get(record.topic);
      if (list) list.push(record);
      else byTopic.set(record.topic, [record]);
    }
    const results = await producer.sendBatch({
      acks: -1,
      topicMessages: [...byTopic].map(([topic, list]) => ({
        topic: this.wireName(topic),
        messages: list.map(({ key, partition, headers, payload }) => ({
          key,
          partition,
          headers: { ...headers },
          value: payload,
        })),
      })),
    });
    const confirmed = new Set(
      results.filter((result) => result.errorCode === 0).map((result) => `${result.topicName}/${result.partition}`),
    );
    return records.map((record) => confirmed.has(`${this.wireName(record.topic)}/${record.partition}`));
  }
}

const nestLogger = new Logger('kafka');
const complaints = new Counter({
  name: 'messaging_kafka_complaints_total',
  help: 'Warnings and errors of the Kafka client, logged or not',
});
/** While a broker is away each connection complains several times a second, in the same words. */
const sameWordsEveryMs = 10_000;
const wordsMax = 1_000;
const saidAt = new Map<string, number>();

function logKafka({ level, log, namespace }: { level: logLevel; namespace: string; log: { message: string } }): void {
  const error = (log as { error?: unknown }).error;
  const text = `${namespace || 'Client'}: ${log.message}${typeof error === 'string' ? `: ${error}` : ''}`;
  complaints.inc();
  const now = Date.now();
  if (now - (saidAt.get(text) ?? 0) < sameWordsEveryMs) return;
  if (saidAt.size >= wordsMax) saidAt.clear();
  saidAt.set(text, now);
  if (level === logLevel.ERROR) nestLogger.warn(text);
  else if (level === logLevel.WARN) nestLogger.log(text);
}
