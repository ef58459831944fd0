import { Logger } from '@nestjs/common';
import { Counter } from '#service';
import type { DataSource } from 'typeorm';
import type { KafkaRecord, Parsed } from '../messages/envelope.js';
import { foldBatches, type Part } from './batch-transaction.js';
import type { Consumer } from './fold.js';
import type { Condemned } from './parking.js';
import type { StoredRow } from '../postgres/outbox.store.js';
import type { Publisher } from './publisher.js';
import { asksToReplay, foldReplay } from './replay.js';

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

/** Most messages of a transaction with several partitions. A batch of half as many gains nothing from company. */
const COMPANY_MAX = 500;

/** A transaction that takes longer than this does not keep other partitions waiting for it, ms. */
const defaultPatienceMs = 25;

/** Most unheeded looks that are remembered as told. */
const TOLD_MAX = 1_000;

interface Guest {
  readonly part: Part;
  /** Fulfilled by the commit; with undefined when the company failed, whoever was the cause. */
  readonly committed: PromiseWithResolvers<{ readonly published: Promise<void> } | undefined>;
}

/**
 * The transactions of one consumer, and the publishing of what they send. A transaction costs nearly the same for two messages as
 * for two hundred, so batches of other partitions that come while one runs share the next.
 */
export class Batches {
  private readonly logger = new Logger(Batches.name);
  private readonly waiting: Guest[] = [];
  private busy = false;
  private readonly toldUnheeded = new Set<string>();

  constructor(
    readonly consumer: Consumer,
    readonly dataSource: DataSource,
    readonly publisher: Publisher,
    private readonly lookAt: (at: Date) => void = () => undefined,
    /** Those of the process, by name: a replay is handled by the consumer that parked the letter. */
    private readonly consumers: ReadonlyMap<string, Consumer> = new Map([[consumer.name, consumer]]),
    private readonly patienceMs = defaultPatienceMs,
  ) {}

  /** Handles and publishes a part in a transaction of its own. @throws as `foldBatches`, and as `Publisher.publish` */
  async apart(part: Part, condemned?: Condemned): Promise<void> {
    await this.publisher.publish(await this.commit([part], condemned));
  }

  /**
   * Handles and publishes a part in one transaction with those of other lanes that come at the time.
   * @returns false when that failed and others were in it: maybe committed, maybe not, and each finds out apart
   * @throws as `apart`
   */
  async inCompany(part: Part): Promise<boolean> {
    if (part.records.length > COMPANY_MAX / 2) {
      await this.apart(part);
      return true;
    }
    const committed: Guest['committed'] = Promise.withResolvers();
    this.waiting.push({ part, committed });
    if (!this.busy) this.meet();
    const came = await committed.promise;
    await came?.published;
    return came !== undefined;
  }

  /** One transaction for those that wait; the next begins when it ends, or takes too long. */
  private meet(): void {
    const guests = this.nextGuests();
    this.busy = true;
    const next = () => {
      this.busy = false;
      if (this.waiting.length > 0) this.meet();
    };
    let isAwaited = true;
    const patience = setTimeout(() => {
      isAwaited = false;
      next();
    }, this.patienceMs);
    this.commit(guests.map(({ part }) => part))
      .then(
        (outbox) => {
          const published = this.publisher.publish(outbox);
          for (const { committed } of guests) committed.resolve({ published });
        },
        (error: unknown) => {
          for (const { committed } of guests) {
            if (guests.length > 1) committed.resolve(undefined);
            else committed.reject(error);
          }
        },
      )
      .finally(() => {
        clearTimeout(patience);
        if (isAwaited) next();
      });
  }

  private nextGuests(): readonly Guest[] {
    let records = 0;
    const many = this.waiting.findIndex(({ part }) => (records += part.records.length) > COMPANY_MAX);
    return this.waiting.splice(0, many < 0 ? this.waiting.length : many);
  }

  /** @returns what is to be published */
  private async commit(parts: readonly Part[], condemned?: Condemned): Promise<readonly StoredRow[]> {
    const { dataSource, consumer, consumers } = this;
    const [part] = parts;
    const folded =
      asksToReplay(part!.records[0]) && !condemned
        ? await foldReplay(dataSource, consumers, consumer, part!)
        : await foldBatches(dataSource, consumer, parts, condemned);
    for (const { lane, records, attempts } of parts) {
      lane.attempts = attempts;
      const last = records.at(-1)!.record.offset;
      if (last > lane.offset) lane.offset = last;
    }
    if (folded.wakeAt) this.lookAt(folded.wakeAt);
    for (const letter of folded.parked) this.report(letter.record, letter.reason, letter.error);
    for (const look of folded.unheeded) this.reportUnheeded(look);
    handled.inc({ consumer: consumer.name }, folded.handled);
    repeated.inc({ consumer: consumer.name }, folded.repeated);
    return folded.outbox;
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
