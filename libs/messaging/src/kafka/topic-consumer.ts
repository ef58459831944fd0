import { Logger } from '@nestjs/common';
import type { Topic } from '#contracts';
import type { Condition } from '#service';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { BrokerContact } from './broker-contact.js';
import { read } from '../messages/envelope.js';
import { backoff, isTransient, LaneLost } from '../handling/faults.js';
import type { KafkaClient } from './kafka.js';
import { announce } from '../moments.js';
import type { PartitionLane } from '../handling/partition-lane.js';

/** Most messages of one transaction. */
const batchMax = 500;
const commitEveryMs = 1_000;
const stalledAfterMs = 60_000;
/** The next fetch waits for every partition's batch: a slow one gives the others a turn after so long. */
const turnMs = 1_000;

export interface TopicConsumerOptions {
  readonly kafka: KafkaClient;
  readonly topic: Topic;
  readonly group: string;
  /** Message types the handler takes; null for replies. */
  readonly accepted: ReadonlySet<string> | null;
  readonly laneOf: (name: string) => PartitionLane;
  /** Runs a batch through Nest's pipeline to the handler. */
  readonly dispatch: (work: () => Promise<void>) => Promise<void>;
}

/** Reads one topic for one service: fetches, slices, pauses on transient faults, commits offsets lazily. */
export class TopicConsumer {
  private readonly logger: Logger;
  private readonly consumer: Consumer;
  private readonly contact: BrokerContact;
  private readonly lanes: PartitionLane[];
  /** One partition's work never overlaps, not even across a rebalance. */
  private readonly tails: Promise<void>[];
  private readonly done = new Map<number, bigint>();
  private readonly attempts = new Map<number, number>();
  private readonly waiting = new Set<number>();
  private commitTimer: NodeJS.Timeout | undefined;
  private generation = 0;
  private joined = false;
  private crashed = false;
  private stopped = false;
  private lastFetchAt = Date.now();

  constructor(private readonly options: TopicConsumerOptions) {
    const { kafka, group, topic, laneOf } = options;
    this.logger = new Logger(group);
    this.consumer = kafka.consumer(group);
    this.contact = new BrokerContact(this.consumer, kafka.sessionMs);
    this.lanes = Array.from({ length: topic.partitions }, (_, partition) => laneOf(`${topic.name}/${partition}`));
    this.tails = Array.from({ length: topic.partitions }, () => Promise.resolve());
  }

  async start(): Promise<void> {
    const { topic, kafka } = this.options;
    const { GROUP_JOIN, CRASH, FETCH } = this.consumer.events;
    this.consumer.on(GROUP_JOIN, ({ payload }) => this.onAssigned(payload.memberAssignment));
    this.consumer.on(FETCH, () => {
      this.lastFetchAt = Date.now();
    });
    this.consumer.on(CRASH, ({ payload }) => {
      this.joined = false;
      if (!payload.restart) this.crashed = true;
    });
    await this.consumer.connect();
    // Without it, what is sent to a quiet partition before its first offset commit would be skipped.
    await this.consumer.subscribe({ topic: kafka.wireName(topic.name), fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: topic.partitions,
      eachBatch: (payload) => this.onBatch(payload),
    });
    this.commitTimer = setInterval(() => void this.commitOffsets(), commitEveryMs);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.commitTimer);
    await Promise.all(this.tails);
    await this.commitOffsets();
    await this.consumer.disconnect();
  }

  condition(): Condition {
    // A slow database is no stall as long as batches, or single messages, come to their end.
    const workedAt = Math.max(this.lastFetchAt, ...this.lanes.map((lane) => lane.workedAt));
    const stalled = this.joined && Date.now() - workedAt > stalledAfterMs;
    const detail = this.crashed
      ? 'crashed'
      : stalled
        ? 'stalled'
        : this.joined && this.contact.isLost
          ? 'the broker is silent'
          : this.waiting.size > 0
            ? `partitions ${[...this.waiting].join(', ')} wait out a transient fault`
            : undefined;
    return {
      live: !this.crashed && !stalled,
      ready: this.joined && !this.contact.isLost && this.waiting.size === 0,
      ...(detail ? { detail } : {}),
    };
  }

  private onAssigned(assignment: Record<string, number[]>): void {
    const partitions = assignment[this.options.kafka.wireName(this.options.topic.name)] ?? [];
    this.generation += 1;
    this.done.clear();
    for (const lane of this.lanes) lane.disown();
    this.joined = true;
    this.lastFetchAt = Date.now();
    const { generation } = this;
    for (const partition of partitions) {
      // Not only with the next message: what a dead owner left unpublished must not wait for one. A turn that comes late,
      // after another assignment, must not take the lane from whoever has it by then.
      const takeOver = async () => {
        if (generation === this.generation) await this.lanes[partition]!.takeOver();
      };
      this.inTurn(partition, takeOver).catch((error: unknown) =>
        this.logger.warn(`partition ${partition} could not be taken over yet: ${String(error)}`),
      );
    }
  }

  private inTurn(partition: number, work: () => Promise<void>): Promise<void> {
    const turn = this.tails[partition]!.then(work);
    this.tails[partition] = turn.catch(() => undefined);
    return turn;
  }

  private async onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, isRunning, isStale } = payload;
    const { generation } = this;
    const { kafka, accepted } = this.options;
    const { partition } = batch;
    const startedAt = Date.now();
    let lost: unknown;
    // Handling may take longer than the session while the database is slow: membership is kept beside it.
    const pulse = setInterval(() => {
      heartbeat().catch((error: unknown) => {
        lost = error;
      });
    }, 1_000);
    try {
      for (let start = 0; start < batch.messages.length; start += batchMax) {
        if (!isRunning() || isStale() || this.stopped || generation !== this.generation) return;
        if (lost !== undefined) throw lost as Error;
        const slice = batch.messages.slice(start, start + batchMax);
        const reads = slice.map((message) => read(kafka.toRecord(batch.topic, partition, message), accepted));
        await this.options.dispatch(() => this.inTurn(partition, () => this.lanes[partition]!.handle(reads)));
        const last = slice.at(-1)!.offset;
        resolveOffset(last);
        this.done.set(partition, BigInt(last));
        this.attempts.delete(partition);
        this.waiting.delete(partition);
        await heartbeat();
        if (Date.now() - startedAt > turnMs) return;
      }
    } catch (error) {
      if (error instanceof LaneLost && generation !== this.generation) return;
      this.onFault(partition, error, payload);
    } finally {
      clearInterval(pulse);
    }
  }

  /** Waits a transient fault out with nothing resolved; anything of the client's own is thrown on, so that it rejoins. */
  private onFault(partition: number, error: unknown, { pause }: EachBatchPayload): void {
    if (error instanceof LaneLost) {
      // Whose the partition is, the group says: here again, the lane is taken over anew, else it is let go.
      this.logger.warn(`${error.message}; joining the group again`);
      throw Object.assign(error, { type: 'REBALANCE_IN_PROGRESS' });
    }
    if (isRebalance(error)) throw error;
    if (!isTransient(error)) {
      this.logger.error(error);
    }
    const attempt = (this.attempts.get(partition) ?? 0) + 1;
    this.attempts.set(partition, attempt);
    this.waiting.add(partition);
    const wait = backoff(attempt);
    if (attempt === 1 || attempt % 10 === 0) {
      this.logger.warn(`partition ${partition} waits ${wait} ms after fault ${attempt}: ${String(error)}`);
    }
    const resume = pause();
    setTimeout(() => {
      this.waiting.delete(partition);
      resume();
    }, wait);
  }

  private async commitOffsets(): Promise<void> {
    if (this.done.size === 0) return;
    const offsets = [...this.done];
    const { generation } = this;
    this.done.clear();
    const topic = this.options.kafka.wireName(this.options.topic.name);
    try {
      await this.consumer.commitOffsets(
        offsets.map(([partition, offset]) => ({ topic, partition, offset: String(offset + 1n) })),
      );
      announce('offset.committed', { lane: this.options.topic.name, count: offsets.length });
    } catch (error) {
      this.logger.log(`offsets not committed: ${String(error)}`);
      // After a rebalance they are another process's to commit; the inbox absorbs what is read again.
      if (generation !== this.generation) return;
      for (const [partition, offset] of offsets) if (!this.done.has(partition)) this.done.set(partition, offset);
    }
  }
}

function isRebalance(error: unknown): boolean {
  const type = (error as { type?: unknown } | null)?.type;
  return (
    typeof type === 'string' && /REBALANCE_IN_PROGRESS|NOT_COORDINATOR|UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION/.test(type)
  );
}
