import { Logger } from '@nestjs/common';
import { Counter } from '#service';
import type { Producer } from 'kafkajs';
import type { DataSource } from 'typeorm';
import { writeDeadLetters } from '../postgres/dead-letter.store.js';
import type { KafkaClient } from '../kafka/kafka.js';
import { announce } from '../moments.js';
import { deleteFromOutbox, overdueLanes, readOutbox, type StoredRow } from '../postgres/outbox.store.js';
import { inTransaction } from '../postgres/transaction.js';

/** Below the broker's default limit of 1 MiB for one record batch, with room for headers. */
const chunkBytesMax = 700_000;
const pageSize = 500;
const overdueMs = 10_000;
/** Rows that the broker has are deleted together, after so long: a delete is a commit of its own, and nobody waits for it. */
const eraseAfterMs = 25;
const eraseAgainMs = 1_000;

const published = new Counter({ name: 'messaging_published_total', help: 'Outbox rows the broker confirmed' });
const unconfirmed = new Counter({
  name: 'messaging_unconfirmed_total',
  help: 'Outbox rows a send resolved without confirming; they are sent again',
});

/** The broker took some rows of a lane and not others: they are sent again before anything else of that lane. */
export class NotConfirmed extends Error {
  constructor(count: number) {
    super(`${count} outbox rows were not confirmed by the broker`);
    this.name = 'KafkaJSNotConfirmed';
  }
}

/**
 * Moves committed outbox rows to Kafka, oldest first, and deletes only what the broker confirmed. What a process leaves behind
 * that dies before the delete is published again, in its order.
 */
export class Publisher {
  private readonly logger = new Logger(Publisher.name);
  /** Rows that the broker has, and the outbox still. */
  private confirmed: bigint[] = [];
  private erasing: Promise<void> = Promise.resolve();
  private eraseTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly dataSource: DataSource,
    private readonly kafka: KafkaClient,
    private readonly producer: Producer,
  ) {}

  /** Publishes all that a lane has left over. */
  async publishLane(lane: string): Promise<void> {
    try {
      for (;;) {
        await this.erase();
        const rows = await readOutbox(this.dataSource, lane, pageSize);
        await this.publish(rows);
        if (rows.length < pageSize) return;
      }
    } finally {
      await this.erase();
    }
  }

  /**
   * Publishes lanes that nobody cares for: their owner died, or its timer moved on. Order holds; the inbox absorbs doubles.
   * @throws the first failure, once every lane had its turn: what one cannot send must not hold the others back
   */
  async publishOverdue(): Promise<void> {
    const failures: unknown[] = [];
    for (const lane of await overdueLanes(this.dataSource, overdueMs)) {
      await this.publishLane(lane).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  /**
   * Publishes rows of one lane in their order.
   * @throws NotConfirmed, or the client's error, when rows remain; they stay in the outbox
   */
  async publish(rows: readonly StoredRow[]): Promise<void> {
    for (const chunk of chunks(rows)) {
      const confirmed = await this.send(chunk);
      const gone = chunk.filter((_, index) => confirmed[index]);
      if (gone.length > 0) announce('outbox.sent', { count: gone.length });
      if (gone.some((row) => row.aggregateType === 'reply')) announce('reply.sent', { count: gone.length });
      for (const row of gone) this.confirmed.push(row.seq);
      if (gone.length > 0) this.eraseAfter(eraseAfterMs);
      published.inc(gone.length);
      if (gone.length < chunk.length) {
        unconfirmed.inc(chunk.length - gone.length);
        throw new NotConfirmed(chunk.length - gone.length);
      }
    }
  }

  /** Deletes what the broker has. @throws the database's fault; what is left is deleted later */
  erase(): Promise<void> {
    this.erasing = this.erasing
      .catch(() => undefined)
      .then(async () => {
        const seqs = this.confirmed.splice(0);
        if (seqs.length === 0) return;
        try {
          await deleteFromOutbox(this.dataSource, seqs);
        } catch (error) {
          this.confirmed = seqs.concat(this.confirmed);
          this.eraseAfter(eraseAgainMs);
          throw error;
        }
        announce('outbox.deleted', { count: seqs.length });
      });
    return this.erasing;
  }

  private eraseAfter(ms: number): void {
    this.eraseTimer ??= setTimeout(() => {
      this.eraseTimer = null;
      // Whoever needs the database notices by himself.
      this.erase().catch(() => undefined);
    }, ms).unref();
  }

  private async send(chunk: readonly StoredRow[]): Promise<boolean[]> {
    try {
      return await this.kafka.send(this.producer, chunk);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (chunk.length === 1) {
        await this.refuse(chunk[0]!, error);
        return [true];
      }
    }
    // One of them is too large for the broker: each goes alone, in order, so that only the guilty one is refused.
    const confirmed: boolean[] = [];
    for (const row of chunk) {
      confirmed.push(...(await this.send([row])));
      if (!confirmed.at(-1)) break;
    }
    return confirmed;
  }

  private async refuse(row: StoredRow, error: Error): Promise<void> {
    this.logger.error(`the broker refuses ${row.type} ${row.id}: ${error.message}`);
    const record = {
      topic: row.topic,
      partition: row.partition,
      offset: -row.seq,
      key: row.key,
      value: Buffer.from(row.payload),
      headers: row.headers,
      appendedAt: Date.now(),
    };
    const letter = { record, subject: row.aggregateId, reason: 'refused', error: error.message, attempts: 1 } as const;
    await inTransaction(this.dataSource, (tx) => writeDeadLetters(tx, `outbox:${row.topic}`, [letter]));
  }
}

function chunks(rows: readonly StoredRow[]): StoredRow[][] {
  const result: StoredRow[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    const size = row.payload.length + 600;
    if (bytes + size > chunkBytesMax) {
      result.push([]);
      bytes = 0;
    }
    result.at(-1)!.push(row);
    bytes += size;
  }
  return result;
}

function isTooLarge(error: unknown): error is Error {
  const type = (error as { type?: unknown; cause?: { type?: unknown } } | null)?.type;
  const cause = (error as { cause?: { type?: unknown } } | null)?.cause?.type;
  return [type, cause].some((each) => each === 'MESSAGE_TOO_LARGE' || each === 'RECORD_LIST_TOO_LARGE');
}
