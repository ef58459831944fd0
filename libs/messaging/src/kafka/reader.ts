import { Logger } from '@nestjs/common';
import { type Condition, newId } from '#service';
import type { AssignerProtocol, Consumer, PartitionAssigner } from 'kafkajs';
import { createRequire } from 'node:module';
import { BrokerContact } from './broker-contact.js';
import type { KafkaRecord } from '../messages/envelope.js';
import type { KafkaClient } from './kafka.js';

const { AssignerProtocol: protocol } = createRequire(import.meta.url)('kafkajs') as {
  AssignerProtocol: typeof AssignerProtocol;
};

/** An idle fetch comes back several times a second. */
const stalledAfterMs = 60_000;

export interface ReaderOptions {
  readonly kafka: KafkaClient;
  readonly topic: string;
  readonly partitions: readonly number[];
  /**
   * `now`: only what is sent after the start. `beginning`: all there is; a number: what was sent in so many ms before the
   * start; ready once what was there is read.
   */
  readonly from: 'now' | 'beginning' | number;
  readonly onRecord: (record: KafkaRecord) => void;
}

/**
 * Reads fixed partitions of a topic for this process alone: a group of its own, no rebalance, no committed offsets. What
 * it missed by failing is read again from where it was.
 */
export class Reader {
  private readonly logger: Logger;
  private readonly consumer: Consumer;
  private readonly contact: BrokerContact;
  private readonly group: string;
  /** Per partition the next offset to read, and the end that was there at the start. */
  private readonly next = new Map<number, bigint>();
  private readonly caughtUpAt = new Map<number, bigint>();
  private joined = false;
  private crashed = false;
  private lastFetchAt = Date.now();

  constructor(private readonly options: ReaderOptions) {
    this.logger = new Logger(`reader of ${options.topic}`);
    this.group = `${options.topic}.reader.${newId()}`;
    this.consumer = options.kafka.consumer(
      this.group,
      fixedPartitions(options.kafka.wireName(options.topic), options.partitions),
    );
    this.contact = new BrokerContact(this.consumer, options.kafka.sessionMs);
  }

  async start(): Promise<void> {
    const { kafka, topic, partitions, from } = this.options;
    const wireTopic = kafka.wireName(topic);
    await this.findStart(wireTopic, partitions, from);
    const { GROUP_JOIN, CRASH, FETCH } = this.consumer.events;
    this.consumer.on(FETCH, () => {
      this.lastFetchAt = Date.now();
    });
    this.consumer.on(GROUP_JOIN, () => {
      for (const [partition, offset] of this.next) {
        this.consumer.seek({ topic: wireTopic, partition, offset: String(offset) });
      }
      this.joined = true;
      this.lastFetchAt = Date.now();
    });
    this.consumer.on(CRASH, ({ payload }) => {
      this.joined = false;
      if (!payload.restart) this.crashed = true;
    });
    await this.consumer.connect();
    await this.consumer.subscribe({ topic: wireTopic, fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      partitionsConsumedConcurrently: partitions.length,
      eachBatch: ({ batch }) => {
        for (const message of batch.messages) this.take(kafka.toRecord(batch.topic, batch.partition, message));
        return Promise.resolve();
      },
    });
  }

  async stop(): Promise<void> {
    await this.consumer.disconnect();
  }

  condition(): Condition {
    const behind = [...this.caughtUpAt].filter(([partition, end]) => this.next.get(partition)! < end).length;
    const stalled = this.joined && Date.now() - this.lastFetchAt > stalledAfterMs;
    const silent = this.joined && this.contact.isLost;
    const detail = stalled
      ? 'stalled'
      : silent
        ? 'the broker is silent'
        : behind > 0
          ? `${behind} partitions are not caught up`
          : undefined;
    return {
      live: !this.crashed && !stalled,
      ready: this.joined && !silent && behind === 0,
      ...(detail ? { detail } : {}),
    };
  }

  /** The start is fixed before the reader counts as ready: an answer to anything sent after that is seen. */
  private async findStart(
    wireTopic: string,
    partitions: readonly number[],
    from: ReaderOptions['from'],
  ): Promise<void> {
    const admin = this.options.kafka.admin();
    await admin.connect();
    try {
      const since =
        typeof from === 'number' ? await admin.fetchTopicOffsetsByTimestamp(wireTopic, Date.now() - from) : [];
      const offsets = await admin.fetchTopicOffsets(wireTopic);
      for (const { partition, low, high } of offsets) {
        if (!partitions.includes(partition)) continue;
        const start = since.find((one) => one.partition === partition)?.offset ?? (from === 'now' ? high : low);
        this.next.set(partition, BigInt(start));
        this.caughtUpAt.set(partition, BigInt(high));
      }
    } finally {
      await admin.disconnect();
    }
  }

  private take(record: KafkaRecord): void {
    // After a rejoin the client may hand over what was read before.
    if (record.offset < (this.next.get(record.partition) ?? 0n)) return;
    this.next.set(record.partition, record.offset + 1n);
    try {
      this.options.onRecord(record);
    } catch (error) {
      this.logger.error(`record ${record.partition}@${record.offset} was not understood: ${String(error)}`);
    }
  }
}

/** Gives the group's one member the partitions it names, whatever others there are. */
export function fixedPartitions(wireTopic: string, partitions: readonly number[]): PartitionAssigner {
  return () => ({
    name: 'fixed',
    version: 1,
    assign: ({ members }) =>
      Promise.resolve(
        members.map(({ memberId }) => ({
          memberId,
          memberAssignment: protocol.MemberAssignment.encode({
            version: 1,
            assignment: { [wireTopic]: [...partitions] },
            userData: Buffer.alloc(0),
          }),
        })),
      ),
    protocol: ({ topics }) => ({
      name: 'fixed',
      metadata: protocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
    }),
  });
}
