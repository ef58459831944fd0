import { v7 as uuidv7 } from 'uuid';
import type { DataSource } from 'typeorm';
import {
  type DeadLetter,
  deadLetterRow,
  parkedSubjects,
  type ParkReason,
  writeDeadLetters,
} from './dead-letter.store.js';
import type { Parsed, Read, Unreadable } from './envelope.js';
import type { Handler } from './handler.js';
import { claimMessages, inboxTakes, isTooOld, recordOutcomes, type Recorded, type SeenMessage } from './inbox.store.js';
import { advanceLane, lockLane, type OwnedLane } from './lane.store.js';
import type { Asker, Context, Decision, Message } from './message.js';
import { messageRow, parkedRow, replyRow } from './outgoing.js';
import { type OutboxRow, type StoredRow, writeOutbox } from './outbox.store.js';
import type { Reply } from './reply.js';
import { inTransaction, type Transaction } from './transaction.js';

/** What a service's consumer of one topic is, to the fold. */
export interface Consumer {
  /** The consumer group's name, without the prefix: half of every inbox key. */
  readonly name: string;
  readonly service: string;
  readonly handler: Handler<unknown, unknown>;
  readonly parkBehind: boolean;
}

export interface Folded {
  /** What the batch committed to its outbox, to be published now. */
  readonly outbox: readonly StoredRow[];
  readonly parked: readonly DeadLetter[];
  readonly handled: number;
  readonly statements: number;
  /** When a timer that the batch has set is due. */
  readonly wakeAt: Date | null;
}

/** A message that the caller already knows must be parked. */
export interface Condemned {
  readonly reason: ParkReason;
  readonly error: string;
  readonly attempts: number;
}

/**
 * Handles a batch of one partition in one transaction: inbox, load, fold, save, outbox, lane.
 *
 * @param attempts what the lane's counter shall be once the batch is committed
 * @param condemned parks every message of the batch instead of handling it
 * @throws LaneLost when the lane has another owner; whatever the handler or the database throws, with everything undone
 */
export async function foldBatch(
  dataSource: DataSource,
  consumer: Consumer,
  lane: OwnedLane,
  batch: readonly Read[],
  attempts = 0,
  condemned?: Condemned,
): Promise<Folded> {
  return inTransaction(dataSource, async (tx) => {
    await lockLane(tx, lane);
    const fold = new Fold(tx, consumer, condemned);
    await fold.run(batch);
    const outbox = await writeOutbox(tx, lane.name, fold.outbox);
    await advanceLane(tx, lane, batch.at(-1)!.record.offset, attempts);
    return { outbox, parked: fold.parked, handled: fold.handled, statements: tx.statements, wakeAt: tx.wakeAt };
  });
}

class Fold {
  readonly outbox: OutboxRow[] = [];
  readonly parked: DeadLetter[] = [];
  handled = 0;
  private readonly outcomes = new Map<string, Recorded>();
  private readonly context: Context;

  constructor(
    private readonly tx: Transaction,
    private readonly consumer: Consumer,
    private readonly condemned: Condemned | undefined,
  ) {
    this.context = { now: tx.now, newId: () => uuidv7() };
  }

  async run(batch: readonly Read[]): Promise<void> {
    const messages: Parsed[] = [];
    for (const read of batch) {
      if (read.kind === 'passed over') continue;
      const cause = this.unfit(read);
      if (cause) this.letter(read, null, cause, read.kind === 'message' ? askerOf(read.message) : (read.asker ?? null));
      else if (read.kind === 'message') messages.push(read);
    }
    if (messages.length > 0) await this.handle(messages);
    await writeDeadLetters(this.tx, this.consumer.name, this.parked);
  }

  /** Why a record must be parked without a look at the inbox, if it must. */
  private unfit(read: Parsed | Unreadable): Condemned | null {
    if (isTooOld(read.record.appendedAt, this.tx.now)) {
      return { reason: 'too old', error: 'older than message ids are remembered', attempts: 0 };
    }
    if (read.kind === 'malformed') return { reason: 'malformed', error: read.error, attempts: 1 };
    if (inboxTakes(read.message.id, this.tx.now)) return null;
    return { reason: 'malformed', error: 'the id is neither from a key nor a UUIDv7 of these days', attempts: 1 };
  }

  private async handle(messages: readonly Parsed[]): Promise<void> {
    const { tx, consumer } = this;
    const first = new Map<string, Parsed>();
    for (const parsed of messages) if (!first.has(parsed.message.id)) first.set(parsed.message.id, parsed);
    const seen = await claimMessages(
      tx,
      consumer.name,
      [...first.values()].map(({ message, requestHash }) => ({ id: message.id, requestHash })),
    );
    const blocked = consumer.parkBehind
      ? await parkedSubjects(
          tx,
          consumer.name,
          messages.map(({ message }) => message.subject),
        )
      : new Set<string>();

    const toLoad = [...first.values()].filter((parsed) => this.mustDecide(parsed, seen, blocked));
    const state = await consumer.handler.load(
      toLoad.map((parsed) => asSeen(parsed, seen)),
      tx,
    );
    for (const parsed of messages) this.decideOne(parsed, first.get(parsed.message.id)!, seen, blocked, state);
    const last = messages.at(-1)!.message;
    for (const outgoing of (await consumer.handler.save(state, tx)) ?? []) {
      this.outbox.push(messageRow(consumer.service, this.context, outgoing, last, null));
    }
    await recordOutcomes(tx, consumer.name, this.outcomes);
  }

  /** New messages are decided, and repeats whose outcome is open: their handler learns who else asks. */
  private mustDecide(parsed: Parsed, seen: ReadonlyMap<string, SeenMessage>, blocked: ReadonlySet<string>): boolean {
    const before = seen.get(parsed.message.id);
    if (this.condemned) return false;
    if (before) return before.outcome.kind === 'open' && before.requestHash === parsed.requestHash;
    return !blocked.has(parsed.message.subject);
  }

  private decideOne(
    parsed: Parsed,
    firstInBatch: Parsed,
    seen: ReadonlyMap<string, SeenMessage>,
    blocked: ReadonlySet<string>,
    state: unknown,
  ): void {
    const { message } = parsed;
    const before = seen.get(message.id);
    const known = before?.outcome ?? this.outcomes.get(message.id);
    if (known) {
      const requestHash = before ? before.requestHash : firstInBatch.requestHash;
      this.repeat(parsed, known, requestHash, state);
    } else if (this.condemned) {
      this.park(parsed, message.subject, this.condemned);
    } else if (blocked.has(message.subject)) {
      this.park(parsed, message.subject, { reason: 'behind', error: 'an earlier message is parked', attempts: 0 });
    } else {
      this.apply(parsed, this.consumer.handler.decide(state, message, this.context), true);
    }
  }

  /** A message that was handled before: the answer goes to whoever asks this time, and nothing else happens. */
  private repeat(parsed: Parsed, known: Recorded, requestHash: string | null, state: unknown): void {
    const asker = askerOf(parsed.message);
    if (requestHash !== parsed.requestHash) {
      if (asker) this.outbox.push(replyRow(this.consumer.service, this.context, asker, keyReused));
    } else if (known.kind === 'open' && this.condemned) {
      // The repeat cannot be handled; the message it repeats was, and what comes after it need not wait.
      this.letter(parsed, null, this.condemned, asker);
    } else if (known.kind === 'open') {
      const message = asRepeated(parsed.message);
      this.apply({ ...parsed, message }, this.consumer.handler.decide(state, message, this.context), false);
    } else if (asker && known.kind === 'parked') {
      this.outbox.push(parkedRow(this.consumer.service, this.context, asker, known.reason));
    } else if (asker && known.kind === 'forwarded') {
      this.outbox.push(messageRow(this.consumer.service, this.context, known.message, parsed.message, asker));
    } else if (asker && (known.kind === 'answered' || known.kind === 'rejected')) {
      this.outbox.push(replyRow(this.consumer.service, this.context, { ...asker, repeated: true }, known));
    }
  }

  private apply(parsed: Parsed, decision: Decision, isNew: boolean): void {
    const { message } = parsed;
    const { service } = this.consumer;
    const { outcome, send = [], answers = [] } = decision;
    const asker = askerOf(message);
    this.handled += 1;
    if (isNew) this.outcomes.set(message.id, outcome);
    for (const outgoing of send) this.outbox.push(messageRow(service, this.context, outgoing, message, null));
    if (outcome.kind === 'forwarded') {
      this.outbox.push(messageRow(service, this.context, outcome.message, message, asker));
    } else if (asker && (outcome.kind === 'answered' || outcome.kind === 'rejected')) {
      this.outbox.push(replyRow(service, this.context, asker, outcome));
    }
    for (const { to, answer } of answers) this.outbox.push(replyRow(service, this.context, to, answer));
  }

  private park(parsed: Parsed, subject: string | null, cause: Condemned): void {
    this.letter(parsed, subject, cause, askerOf(parsed.message));
    this.outcomes.set(parsed.message.id, { kind: 'parked', reason: cause.reason });
  }

  private letter(read: Parsed | Unreadable, subject: string | null, cause: Condemned, asker: Asker | null): void {
    const letter = { record: read.record, subject, ...cause };
    this.parked.push(letter);
    this.outbox.push(deadLetterRow(this.consumer.name, letter));
    if (asker) this.outbox.push(parkedRow(this.consumer.service, this.context, asker, cause.reason));
  }
}

const keyReused = {
  kind: 'rejected',
  code: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'This idempotency key was used before with another body.',
} as const;

function asSeen({ message }: Parsed, seen: ReadonlyMap<string, SeenMessage>): Message | Reply {
  return seen.has(message.id) ? asRepeated(message) : message;
}

function asRepeated(message: Message | Reply): Message | Reply {
  if (!('asker' in message)) return message;
  return { ...message, repeated: true, asker: message.asker && { ...message.asker, repeated: true } };
}

function askerOf(message: Message | Reply) {
  return 'asker' in message ? message.asker : null;
}
