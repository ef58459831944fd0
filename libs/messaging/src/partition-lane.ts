import { Logger } from '@nestjs/common';
import { Counter, Histogram } from '#service';
import type { DataSource } from 'typeorm';
import type { KafkaRecord, Read } from './envelope.js';
import { isTransient, LaneLost } from './faults.js';
import { type Condemned, type Consumer, foldBatch } from './fold.js';
import { countStart, type OwnedLane, takeOverLane } from './lane.store.js';
import type { Publisher } from './publisher.js';

const labels = ['consumer'] as const;
const handled = new Counter({ name: 'messaging_handled_total', help: 'Messages decided', labelNames: labels });
const parked = new Counter({
  name: 'messaging_parked_total',
  help: 'Messages parked as dead letters',
  labelNames: ['consumer', 'reason'] as const,
});
const batchSize = new Histogram({
  name: 'messaging_batch_messages',
  help: 'Messages in a batch',
  labelNames: labels,
  buckets: [1, 3, 10, 30, 100, 300, 500],
});
const batchSeconds = new Histogram({
  name: 'messaging_batch_seconds',
  help: 'From the begin of a batch to its messages being published',
  labelNames: labels,
  buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 5],
});

/** From this many starts without an end on, the lane goes message by message until it is past the killer. */
const suspicious = 2;

/**
 * One partition's messages on their way through the fold: ownership, retries, and what to do with a message that cannot
 * be handled. Its methods are called one after the other, never at once.
 */
export class PartitionLane {
  private readonly logger = new Logger(PartitionLane.name);
  private owned: OwnedLane | null = null;
  /** The first batch past the lane's offset after a take-over is counted before it starts: it may kill the process. */
  private counted = false;
  /** Committed but not published: step by step, nothing new before that. */
  private unpublished = false;

  constructor(
    private readonly name: string,
    private readonly consumer: Consumer,
    private readonly dataSource: DataSource,
    private readonly publisher: Publisher,
    private readonly lookAt: (at: Date) => void = () => undefined,
  ) {}

  /** The group's assignment changed: whoever owned the lane until now, it must be taken over again. */
  disown(): void {
    this.owned = null;
  }

  /** Makes the lane ours and publishes what its last owner committed without publishing. */
  async takeOver(): Promise<void> {
    if (this.owned) return;
    this.owned = await takeOverLane(this.dataSource, this.name);
    this.counted = false;
    this.unpublished = true;
    await this.publishLeftovers();
  }

  /**
   * Handles records in their order, all of them; when it returns, they are done and published.
   * @throws LaneLost, or a transient fault: call it again with the same records
   */
  async handle(records: readonly Read[]): Promise<void> {
    await this.takeOver();
    await this.publishLeftovers();
    const lane = this.owned;
    if (!lane) throw new LaneLost(this.name);
    const stopTimer = batchSeconds.startTimer({ consumer: this.consumer.name });
    const suspected = await this.startedBefore(lane, records);
    if (suspected) await this.oneByOne(lane, records);
    else await this.together(lane, records);
    batchSize.observe({ consumer: this.consumer.name }, records.length);
    stopTimer();
  }

  private async together(lane: OwnedLane, records: readonly Read[]): Promise<void> {
    try {
      await this.fold(lane, records, 0);
    } catch (error) {
      if (error instanceof LaneLost || isTransient(error)) throw error;
      this.logger.warn(`${this.name}: a batch of ${records.length} failed, handling it one by one: ${String(error)}`);
      for (const record of records) await this.alone(lane, record, 0);
    }
  }

  /** A former owner died in here: each message's start is counted, and one that was started twice is parked. */
  private async oneByOne(lane: OwnedLane, records: readonly Read[]): Promise<void> {
    let attempts = lane.attempts;
    for (const read of records) {
      if (read.record.offset <= lane.offset) {
        await this.alone(lane, read, attempts);
        continue;
      }
      if (attempts >= suspicious + 2) {
        const error = 'the process died twice while it handled this message';
        await this.fold(lane, [read], suspicious, { reason: 'killer', error, attempts: 2 });
      } else {
        attempts = Math.max(suspicious, attempts) + 1;
        await countStart(this.dataSource, lane, attempts);
        await this.alone(lane, read, suspicious);
      }
      attempts = suspicious;
    }
    const last = records.at(-1);
    if (last) await this.fold(lane, [{ kind: 'passed over', record: last.record }], 0);
  }

  private async alone(lane: OwnedLane, read: Read, attemptsAfter: number): Promise<void> {
    try {
      await this.fold(lane, [read], attemptsAfter);
    } catch (error) {
      if (error instanceof LaneLost || isTransient(error)) throw error;
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      await this.fold(lane, [read], attemptsAfter, { reason: 'fault', error: reason, attempts: 1 });
    }
  }

  private async fold(
    lane: OwnedLane,
    records: readonly Read[],
    attempts: number,
    condemned?: Condemned,
  ): Promise<void> {
    if (this.owned !== lane) throw new LaneLost(this.name);
    const folded = await foldBatch(this.dataSource, this.consumer, lane, records, attempts, condemned);
    if (folded.wakeAt) this.lookAt(folded.wakeAt);
    for (const letter of folded.parked) this.report(letter.record, letter.reason, letter.error);
    handled.inc({ consumer: this.consumer.name }, folded.handled);
    this.unpublished = true;
    await this.publisher.publish(folded.outbox);
    this.unpublished = false;
  }

  private async publishLeftovers(): Promise<void> {
    if (!this.unpublished) return;
    await this.publisher.publishLane(this.name);
    this.unpublished = false;
  }

  /** Whether this batch must go message by message, because handling it was started before and never finished. */
  private async startedBefore(lane: OwnedLane, records: readonly Read[]): Promise<boolean> {
    const isFirst = !this.counted && records.some(({ record }) => record.offset > lane.offset);
    if (!isFirst) return false;
    const attempts = lane.attempts + 1;
    if (attempts < suspicious) await countStart(this.dataSource, lane, attempts);
    this.counted = true;
    return attempts >= suspicious;
  }

  private report(record: KafkaRecord, reason: string, error: string): void {
    parked.inc({ consumer: this.consumer.name, reason });
    const where = `${record.topic}/${record.partition}@${record.offset}`;
    this.logger.error(`${this.consumer.name} parked ${record.headers['ce_type']} at ${where} (${reason}): ${error}`);
  }
}
