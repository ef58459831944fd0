import { Logger } from '@nestjs/common';
import { deadLetterTopicOf, type Topic, topics } from '#contracts';
import type { Condition } from '#service';
import type { Producer } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { forgetKeyedIds, tendInbox } from './postgres/inbox.store.js';
import type { KafkaClient } from './kafka/kafka.js';
import { patiently } from './handling/faults.js';
import { Publisher } from './handling/publisher.js';
import { TimerLoop } from './handling/timer-loop.js';
import type { Timer } from './handling/timer.js';

const sweepEveryMs = 5_000;
const tendEveryMs = 60 * 60 * 1000;

/** What the consumers of one service process share, and what runs beside them. */
export class MessagingRuntime {
  readonly publisher: Publisher;
  private readonly logger = new Logger(MessagingRuntime.name);
  private readonly producer: Producer;
  readonly timers: TimerLoop;
  private readonly intervals: NodeJS.Timeout[] = [];
  private sweeping: Promise<void> | null = null;
  private tending: Promise<void> = Promise.resolve();
  private connected = false;
  private databaseDown: string | null = null;

  constructor(
    readonly service: string,
    readonly dataSource: DataSource,
    readonly kafka: KafkaClient,
    /** Asked for at the start: timers are made by the service's own module. */
    timers: () => readonly Timer[],
  ) {
    this.producer = kafka.producer(5);
    this.publisher = new Publisher(dataSource, kafka, this.producer);
    this.timers = new TimerLoop(service, timers, dataSource, this.publisher);
  }

  async start(): Promise<void> {
    // Servers that are busy or away are waited for: whoever starts us anew would only find them the same.
    await this.patiently(() => tendInbox(this.dataSource));
    await this.patiently(() => this.producer.connect());
    await this.patiently(() => checkPartitions(this.kafka));
    this.connected = true;
    await this.patiently(() => this.timers.start());
    this.intervals.push(
      setInterval(() => {
        // One at a time: while the broker is away a sweep outlasts its interval.
        this.sweeping ??= this.sweep().finally(() => (this.sweeping = null));
      }, sweepEveryMs),
      setInterval(() => {
        this.tending = this.tend();
      }, tendEveryMs),
    );
    this.tending = this.tend();
  }

  /** Called after the consumers have stopped. */
  async stop(): Promise<void> {
    for (const interval of this.intervals) clearInterval(interval);
    await this.timers.stop();
    await Promise.all([this.sweeping, this.tending]);
    await this.publisher.erase().catch((error: unknown) => this.logger.warn(`the outbox keeps rows: ${String(error)}`));
    await this.producer.disconnect();
  }

  condition(): Condition {
    return {
      live: true,
      ready: this.connected && this.databaseDown === null,
      ...(this.databaseDown === null ? {} : { detail: this.databaseDown }),
    };
  }

  private patiently(work: () => Promise<void>): Promise<void> {
    return patiently(work, (error) => this.logger.warn(`cannot start yet: ${String(error)}`));
  }

  private async tend(): Promise<void> {
    try {
      await tendInbox(this.dataSource);
      await forgetKeyedIds(this.dataSource);
    } catch (error) {
      this.logger.warn(`inbox not tended: ${String(error)}`);
    }
  }

  private async sweep(): Promise<void> {
    try {
      await this.publisher.publishOverdue();
      this.databaseDown = null;
    } catch (error) {
      this.databaseDown = `the outbox could not be swept: ${String(error)}`;
      this.logger.warn(this.databaseDown);
    }
  }
}

/** A key must always find the same partition: a topic of another size than its contract is a fault to stop at. */
async function checkPartitions(kafka: KafkaClient): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const expected = Object.values<Topic>(topics).flatMap(({ name, partitions, groups }) => [
      { name, partitions },
      // Without it the first message to be parked would hold its partition up.
      ...groups.map((group) => ({ name: deadLetterTopicOf(group), partitions: 1 })),
    ]);
    const metadata = await admin.fetchTopicMetadata({ topics: expected.map(({ name }) => kafka.wireName(name)) });
    for (const { name, partitions } of expected) {
      const found = metadata.topics.find((topic) => topic.name === kafka.wireName(name))?.partitions.length;
      if (found !== partitions) {
        throw new Error(`topic ${name} has ${found ?? 'no'} partitions, its contract says ${partitions}`);
      }
    }
  } finally {
    await admin.disconnect();
  }
}
