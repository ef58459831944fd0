import { Logger } from '@nestjs/common';
import { Histogram } from '#service';
import type { Read } from '../messages/envelope.js';
import { isTransient, LaneLost } from './faults.js';
import type { Batches } from './batches.js';
import { countStart, lockLanes, type OwnedLane, takeOverLane } from '../postgres/lane.store.js';
import type { Condemned } from './parking.js';
import { asksToReplay, withReplaysApart } from './replay.js';
import { inTransaction } from '../postgres/transaction.js';

const labels = ['consumer'] as const;
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
  /** The last transaction ended with a fault. */
  private failed = false;
  /** When a transaction of messages was last committed and published, ms since 1970. */
  workedAt = 0;

  constructor(
    private readonly name: string,
    /** Of its consumer, shared by the lanes of a process. */
    private readonly batches: Batches,
  ) {}

  /** The group's assignment changed: whoever owned the lane until now, it must be taken over again. */
  disown(): void {
    this.owned = null;
  }

  /** Makes the lane ours and publishes what its last owner committed without publishing. */
  async takeOver(): Promise<void> {
    if (this.owned) return;
    this.owned = await takeOverLane(this.batches.dataSource, this.name);
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
    const stopTimer = batchSeconds.startTimer({ consumer: this.batches.consumer.name });
    for (const run of withReplaysApart(records)) await this.carefully(lane, run);
    batchSize.observe({ consumer: this.batches.consumer.name }, records.length);
    stopTimer();
  }

  /**
   * The first batch past the lane's offset is counted before it starts: it may kill the process. Where that happened, its
   * messages are handled one by one, until it is behind; a fault on the way changes nothing about that.
   */
  private async carefully(lane: OwnedLane, records: readonly Read[]): Promise<void> {
    if (this.miscounted) await countStart(this.batches.dataSource, lane, lane.attempts);
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
    await countStart(this.batches.dataSource, lane, attempts);
    try {
      await work();
    } catch (error) {
      // Else all is committed, with the count that goes on from there, and only publishing failed.
      if (lane.offset === offset) {
        lane.attempts = before;
        await countStart(this.batches.dataSource, lane, before).catch(() => {
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
    const part = { lane, records, attempts };
    // Already now: when the commit's answer is lost, nobody knows whether there is something to publish.
    this.unpublished = true;
    // One that may kill the process, or has just failed, must not take others with it.
    const apart = !this.trusted || this.failed || condemned !== undefined || asksToReplay(records[0]);
    this.failed = true;
    if (apart) await this.batches.apart(part, condemned);
    else if (!(await this.batches.inCompany(part))) {
      // Maybe it is committed: what it sent goes out before anything else. Then once more, as one that has just failed.
      await this.publishLeftovers();
      return this.fold(lane, records, attempts);
    }
    this.failed = false;
    this.unpublished = false;
    this.workedAt = Date.now();
  }

  private async publishLeftovers(): Promise<void> {
    if (!this.unpublished) return;
    const lane = this.owned;
    if (!lane) throw new LaneLost(this.name);
    // A commit that was given up may still be on its way to the database: until it ends, its transaction has the lane.
    await inTransaction(this.batches.dataSource, (tx) => lockLanes(tx, [lane]));
    await this.batches.publisher.publishLane(this.name);
    this.unpublished = false;
  }
}
