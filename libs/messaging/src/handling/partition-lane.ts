import { Logger } from '@nestjs/common';
import { Counter, Histogram } from '#service';
import type { DataSource } from 'typeorm';
import type { KafkaRecord, Parsed, Read } from '../messages/envelope.js';
import { isTransient, LaneLost } from './faults.js';
import { type Consumer, foldBatch } from './fold.js';
import { countStart, lockLane, type OwnedLane, takeOverLane } from '../postgres/lane.store.js';
import type { Condemned } from './parking.js';
import type { Publisher } from './publisher.js';
import { asksToReplay, foldReplay, withReplaysApart } from './replay.js';
import { inTransaction } from '../postgres/transaction.js';

const labels = ['consumer'] as const;
const handled = new Counter({ name: 'messaging_handled_total', help: 'Messages decided', labelNames: labels });
const repeated = new Counter({
  name: 'messaging_repeated_total',
  help: 'Messages that had been handled before: answered again, and nothing else',
  labelNames: labels,
});
const parked = new Counter({
  name: 'messaging_parked_total',
  help: 'Messages parked as dead letters',
  labelNames: ['consumer', 'reason'] as const,
});
const unheeded = new Counter({
  name: 'messaging_looks_unheeded_total',
  help: 'Looks that could not be decided while an earlier one of their kind lay parked',
  labelNames: ['consumer', 'type'] as const,
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

/** Most unheeded looks that a lane remembers having told of. */
const TOLD_MAX = 1_000;

let suspect: Promise<unknown> = Promise.resolve();

/** One suspected message at a time in the whole process: with another beside it, a death would be counted for both. */
function oneSuspect(work: () => Promise<void>): Promise<void> {
  const turn = suspect.then(work);
  suspect = turn.catch(() => undefined);
  return turn;
}

/**
 * One partition's messages on their way through the fold: ownership, retries, and what to do with a message that cannot
 * be handled. Its methods are called one after the other, never at once.
 */
export class PartitionLane {
  private readonly logger = new Logger(PartitionLane.name);
  private owned: OwnedLane | null = null;
  /** Since the take-over a batch past the lane's offset has been handled: until then it may be what killed the last owner. */
  private trusted = false;
  /** A start that ended with a fault is still counted in the database, which was away. */
  private miscounted = false;
  /** Committed, or maybe committed, and not published: step by step, nothing new before that. */
  private unpublished = false;
  private readonly toldUnheeded = new Set<string>();
  /** When a transaction of messages was last committed and published, ms since 1970. */
  workedAt = 0;

  constructor(
    private readonly name: string,
    private readonly consumer: Consumer,
    private readonly dataSource: DataSource,
    private readonly publisher: Publisher,
    private readonly lookAt: (at: Date) => void = () => undefined,
    /** Those of the process, by name: a replay is handled by the consumer that parked the letter. */
    private readonly consumers: ReadonlyMap<string, Consumer> = new Map([[consumer.name, consumer]]),
  ) {}

  /** The group's assignment changed: whoever owned the lane until now, it must be taken over again. */
  disown(): void {
    this.owned = null;
  }

  /** Makes the lane ours and publishes what its last owner committed without publishing. */
  async takeOver(): Promise<void> {
    if (this.owned) return;
    this.owned = await takeOverLane(this.dataSource, this.name);
    this.trusted = false;
    this.miscounted = false;
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
    // What is none of ours needs no transaction: the offset that the broker keeps is enough.
    if (records.every(({ kind }) => kind === 'passed over')) return;
    const stopTimer = batchSeconds.startTimer({ consumer: this.consumer.name });
    for (const run of withReplaysApart(records)) await this.carefully(lane, run);
    batchSize.observe({ consumer: this.consumer.name }, records.length);
    stopTimer();
  }

  /**
   * The first batch past the lane's offset is counted before it starts: it may kill the process. Where that happened, its
   * messages are handled one by one, until it is behind; a fault on the way changes nothing about that.
   */
  private async carefully(lane: OwnedLane, records: readonly Read[]): Promise<void> {
    if (this.miscounted) await countStart(this.dataSource, lane, lane.attempts);
    this.miscounted = false;
    const goesOn = records.some(({ record }) => record.offset > lane.offset);
    if (this.trusted || !goesOn) return this.together(lane, records, lane.attempts);
    const attempts = lane.attempts + 1;
    if (attempts >= suspicious) await this.oneByOne(lane, records);
    else await this.started(lane, attempts, () => this.together(lane, records, 0));
    this.trusted = true;
  }

  private async together(lane: OwnedLane, records: readonly Read[], attemptsAfter: number): Promise<void> {
    try {
      await this.fold(lane, records, attemptsAfter);
    } catch (error) {
      if (error instanceof LaneLost || isTransient(error)) throw error;
      this.logger.warn(`${this.name}: a batch of ${records.length} failed, handling it one by one: ${String(error)}`);
      for (const record of records) await this.alone(lane, record, attemptsAfter);
    }
  }

  /** A former owner died in here: each message's start is counted, and one that was started twice is parked. */
  private async oneByOne(lane: OwnedLane, records: readonly Read[]): Promise<void> {
    for (const read of records) {
      if (read.record.offset <= lane.offset) await this.alone(lane, read, lane.attempts);
      else await oneSuspect(() => this.suspected(lane, read));
    }
    const last = records.at(-1);
    if (last) await this.fold(lane, [{ kind: 'passed over', record: last.record }], 0);
  }

  private async suspected(lane: OwnedLane, read: Read): Promise<void> {
    if (lane.attempts < suspicious + 2) {
      const attempts = Math.max(suspicious, lane.attempts) + 1;
      return this.started(lane, attempts, () => this.alone(lane, read, suspicious));
    }
    const error = 'the process died twice while it handled this message';
    await this.fold(lane, [read], suspicious, { reason: 'killer', error, attempts: 2 });
  }

  /** Counts a start, and takes it back when the work ends with a fault: only what ends with the process stays counted. */
  private async started(lane: OwnedLane, attempts: number, work: () => Promise<void>): Promise<void> {
    const { attempts: before, offset } = lane;
    await countStart(this.dataSource, lane, attempts);
    try {
      await work();
    } catch (error) {
      // Else all is committed, with the count that goes on from there, and only publishing failed.
      if (lane.offset === offset) {
        lane.attempts = before;
        await countStart(this.dataSource, lane, before).catch(() => {
          this.miscounted = true;
        });
      }
      throw error;
    }
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
    const { dataSource, consumer, consumers } = this;
    const [first] = records;
    // Already now: when the commit's answer is lost, nobody knows whether there is something to publish.
    this.unpublished = true;
    const folded =
      asksToReplay(first) && !condemned
        ? await foldReplay(dataSource, consumers, consumer, lane, first, attempts)
        : await foldBatch(dataSource, consumer, lane, records, attempts, condemned);
    lane.attempts = attempts;
    const last = records.at(-1)!.record.offset;
    if (last > lane.offset) lane.offset = last;
    if (folded.wakeAt) this.lookAt(folded.wakeAt);
    for (const letter of folded.parked) this.report(letter.record, letter.reason, letter.error);
    for (const look of folded.unheeded) this.reportUnheeded(look);
    handled.inc({ consumer: this.consumer.name }, folded.handled);
    repeated.inc({ consumer: this.consumer.name }, folded.repeated);
    await this.publisher.publish(folded.outbox);
    this.unpublished = false;
    this.workedAt = Date.now();
  }

  private async publishLeftovers(): Promise<void> {
    if (!this.unpublished) return;
    const lane = this.owned;
    if (!lane) throw new LaneLost(this.name);
    // A commit that was given up may still be on its way to the database: until it ends, its transaction has the lane.
    await inTransaction(this.dataSource, (tx) => lockLane(tx, lane));
    await this.publisher.publishLane(this.name);
    this.unpublished = false;
  }

  private report(record: KafkaRecord, reason: string, error: string): void {
    parked.inc({ consumer: this.consumer.name, reason });
    const where = `${record.topic}/${record.partition}@${record.offset}`;
    this.logger.error(`${this.consumer.name} parked ${record.headers['ce_type']} at ${where} (${reason}): ${error}`);
  }

  /** There is one every few seconds until somebody replays the letter: said once, and counted. */
  private reportUnheeded({ message: { type, subject } }: Parsed): void {
    unheeded.inc({ consumer: this.consumer.name, type });
    const look = `${type} of ${subject}`;
    if (this.toldUnheeded.has(look)) return;
    if (this.toldUnheeded.size >= TOLD_MAX) this.toldUnheeded.clear();
    this.toldUnheeded.add(look);
    this.logger.error(`${this.consumer.name} cannot decide ${look} either; such looks are only counted from here on`);
  }
}
