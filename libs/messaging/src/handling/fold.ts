import { newId } from '#service';
import {
  type DeadLetter,
  deadLetterRow,
  type Lying,
  lookOf,
  lyingLetters,
  writeDeadLetters,
} from '../postgres/dead-letter.store.js';
import { isAudited, isLook, type KafkaRecord, type Parsed, type Read, type Unreadable } from '../messages/envelope.js';
import type { Handler } from './handler.js';
import { claimMessages, type Handled, seenMessages } from '../postgres/inbox.store.js';
import type { Asker, Context, Decision, Message } from '../messages/message.js';
import { announce } from '../moments.js';
import { type OperatorAct, UNNAMED, writeOperatorLog } from '../postgres/operator-log.store.js';
import { messageRow, parkedRow, replyRow } from '../messages/outgoing.js';
import type { LaneRow, OutboxRow } from '../postgres/outbox.store.js';
import { askerOf, type Condemned, type PutAside, tellHandler, unfit } from './parking.js';
import type { Reply } from '../messages/reply.js';
import type { Transaction } from '../postgres/transaction.js';

/** What a service's consumer of one topic is, to the fold. */
export interface Consumer {
  /** The consumer group's name, without the prefix: half of every inbox key. */
  readonly name: string;
  readonly service: string;
  readonly handler: Handler<unknown, unknown>;
  readonly parkBehind: boolean;
  /** Message types it takes; null for replies. */
  readonly accepted: ReadonlySet<string> | null;
}

/** Messages on their way through their handler. */
export class Fold {
  readonly outbox: LaneRow[] = [];
  readonly parked: DeadLetter[] = [];
  /** Looks that could not be decided, while an earlier one of their kind lies parked. */
  readonly unheeded: Parsed[] = [];
  handled = 0;
  repeated = 0;
  private readonly acts: OperatorAct[] = [];
  private readonly outcomes = new Map<string, Handled>();
  private context!: Context;
  /** The first of the batch with its id, by id. */
  private readonly first = new Map<string, Parsed>();
  private seen: ReadonlyMap<string, Handled> = new Map();
  private lying: Lying = { blocked: new Set(), looks: new Map() };

  constructor(
    private readonly tx: Transaction,
    private readonly consumer: Consumer,
    private readonly laneOf: (record: KafkaRecord) => string,
    private readonly condemned?: Condemned,
  ) {}

  async run(batch: readonly Read[], locked?: Promise<void>): Promise<void> {
    const { tx, consumer } = this;
    await Promise.all([locked, ...this.look(batch)]);
    this.context = { now: tx.now, newId };
    const messages: Parsed[] = [];
    const aside: PutAside[] = [];
    for (const read of batch) {
      if (read.kind === 'passed over') continue;
      const cause = unfit(read, tx.now);
      if (cause) {
        this.letter(read, null, cause, read.kind === 'message' ? askerOf(read.message) : (read.asker ?? null));
        aside.push({ read, cause });
      } else if (read.kind === 'message') messages.push(read);
    }
    for (const read of messages) {
      if (!this.first.has(read.message.id)) this.first.set(read.message.id, read);
      const cause = this.causeToPark(read);
      if (cause) aside.push({ read, cause });
    }
    await tellHandler(consumer.handler, aside, tx);
    if (messages.length > 0) await this.handle(messages);
    await writeOperatorLog(tx, this.acts);
    if (this.parked.length > 0) announce('message.parking', { count: this.parked.length, transaction: tx });
    await writeDeadLetters(tx, consumer.name, this.parked);
  }

  /** Which of the messages were handled before, and which have something parked before them. */
  private look(batch: readonly Read[]): Promise<void>[] {
    const { tx, consumer } = this;
    const messages = batch.flatMap((read) => (read.kind === 'message' ? [read.message] : []));
    const wary = messages.filter(({ type }) => consumer.parkBehind || isLook(type));
    const [ids, subjects] = [messages.map(({ id }) => id), wary.map(({ subject }) => subject)];
    return [
      seenMessages(tx, consumer.name, [...new Set(ids)]).then((seen) => void (this.seen = seen)),
      lyingLetters(tx, consumer.name, subjects).then((lying) => void (this.lying = lying)),
    ];
  }

  /** Notes what came of each message; the last thing that is written for them. @throws as `claimMessages` */
  claim(): Promise<void> {
    return claimMessages(this.tx, this.consumer.name, this.outcomes);
  }

  /** Why a message must be parked, if it must. One that was handled before never is, but for a repeat of an open one. */
  private causeToPark(parsed: Parsed): Condemned | null {
    const { message } = parsed;
    if (this.isSettled(parsed)) return null;
    if (this.condemned || this.seen.has(message.id)) return this.condemned ?? null;
    if (isLook(message.type)) return this.lying.looks.get(lookOf(message.type, message.subject)) ? killer : null;
    return this.consumer.parkBehind && this.lying.blocked.has(message.subject) ? behind : null;
  }

  private async handle(messages: readonly Parsed[]): Promise<void> {
    const { tx, consumer } = this;
    const toLoad = [...this.first.values()].filter((parsed) => this.mustDecide(parsed));
    const state = await consumer.handler.load(
      toLoad.map((parsed) => asSeen(parsed, this.seen)),
      tx,
    );
    announce('batch.loaded', { count: toLoad.length, transaction: tx });
    for (const parsed of messages) this.decideOne(parsed, state);
    announce('batch.decided', { count: this.handled, transaction: tx });
    const last = messages.at(-1)!;
    const ofKey = new Map(messages.map((parsed) => [parsed.record.key, parsed]));
    for (const outgoing of (await consumer.handler.save(state, tx)) ?? []) {
      const row = messageRow(consumer.service, this.context, outgoing, last.message, null);
      this.say(ofKey.get(row.key) ?? last, row);
    }
    announce('batch.saved', { count: this.handled, transaction: tx });
  }

  /** New messages are decided, and repeats whose outcome is open: their handler learns who else asks. */
  private mustDecide(parsed: Parsed): boolean {
    return !this.isSettled(parsed) && this.causeToPark(parsed) === null;
  }

  private isSettled({ message, requestHash }: Parsed): boolean {
    const before = this.seen.get(message.id);
    return before !== undefined && (before.outcome.kind !== 'open' || before.requestHash !== requestHash);
  }

  private decideOne(parsed: Parsed, state: unknown): void {
    const { message } = parsed;
    const known = this.seen.get(message.id) ?? this.outcomes.get(message.id);
    if (known) {
      this.repeat(parsed, known, state);
      return;
    }
    const cause = this.causeToPark(parsed);
    if (cause) this.park(parsed, cause);
    else this.apply(parsed, this.consumer.handler.decide(state, message, this.context), true);
  }

  /** A message that was handled before: the answer goes to whoever asks this time, and nothing else happens. */
  private repeat(parsed: Parsed, { outcome: known, requestHash }: Handled, state: unknown): void {
    this.repeated += 1;
    const asker = askerOf(parsed.message);
    if (requestHash !== parsed.requestHash) {
      if (asker) this.say(parsed, replyRow(this.consumer.service, this.context, asker, keyReused));
    } else if (known.kind === 'open' && this.condemned) {
      // The repeat cannot be handled; the message it repeats was, and what comes after it need not wait.
      this.letter(parsed, null, this.condemned, asker);
    } else if (known.kind === 'open') {
      const message = asRepeated(parsed.message);
      this.apply({ ...parsed, message }, this.consumer.handler.decide(state, message, this.context), false);
    } else if (asker && known.kind === 'parked') {
      this.say(parsed, parkedRow(this.consumer.service, this.context, asker, known.reason));
    } else if (asker && known.kind === 'forwarded') {
      this.say(parsed, messageRow(this.consumer.service, this.context, known.message, parsed.message, asker));
    } else if (asker && (known.kind === 'answered' || known.kind === 'rejected')) {
      this.say(parsed, replyRow(this.consumer.service, this.context, { ...asker, repeated: true }, known));
    }
  }

  private apply(parsed: Parsed, decision: Decision, isNew: boolean): void {
    const { message } = parsed;
    const { service } = this.consumer;
    const { outcome, send = [], answers = [], noted } = decision;
    const asker = askerOf(message);
    this.handled += 1;
    if (isNew) {
      this.outcomes.set(message.id, { outcome, requestHash: parsed.requestHash });
      this.note(message, noted ?? (outcome.kind === 'rejected' ? outcome.code : outcome.kind));
    }
    for (const outgoing of send) this.say(parsed, messageRow(service, this.context, outgoing, message, null));
    if (outcome.kind === 'forwarded') {
      this.say(parsed, messageRow(service, this.context, outcome.message, message, asker));
    } else if (asker && (outcome.kind === 'answered' || outcome.kind === 'rejected')) {
      this.say(parsed, replyRow(service, this.context, asker, outcome));
    }
    for (const { to, answer } of answers) this.say(parsed, replyRow(service, this.context, to, answer));
  }

  private park(parsed: Parsed, cause: Condemned): void {
    const { message } = parsed;
    this.outcomes.set(message.id, {
      outcome: { kind: 'parked', reason: cause.reason },
      requestHash: parsed.requestHash,
    });
    this.note(message, 'parked');
    // Of its kind one letter is enough; but that it kills must be known before the next is tried.
    const deadly = this.lying.looks.get(lookOf(message.type, message.subject));
    if (deadly || (deadly === false && cause.reason !== 'killer')) this.unheeded.push(parsed);
    else this.letter(parsed, message.subject, cause, askerOf(message));
  }

  /** What somebody with a role asked for is kept, with what came of it. */
  private note({ id, type, payload, subject }: Message | Reply, outcome: string): void {
    if (!isAudited(type)) return;
    const { operator = UNNAMED, reason } = payload as { operator?: string; reason: string };
    this.acts.push({ messageId: id, operator, action: type, subject, reason, outcome });
  }

  /** Sends a message because of another, in whose lane it goes out. */
  private say({ record }: { readonly record: KafkaRecord }, row: OutboxRow): void {
    this.outbox.push({ ...row, lane: this.laneOf(record) });
  }

  private letter(read: Parsed | Unreadable, subject: string | null, cause: Condemned, asker: Asker | null): void {
    const letter = { record: read.record, subject, ...cause };
    this.parked.push(letter);
    this.say(read, deadLetterRow(this.consumer.name, letter));
    if (asker) this.say(read, parkedRow(this.consumer.service, this.context, asker, cause.reason));
  }
}

const behind = { reason: 'behind', error: 'an earlier message is parked', attempts: 0 } as const;
const killer = { reason: 'killer', error: 'an earlier one killed the process', attempts: 0 } as const;

const keyReused = {
  kind: 'rejected',
  code: 'IDEMPOTENCY_KEY_REUSED',
  detail: 'This idempotency key was used before with another body.',
} as const;

function asSeen({ message }: Parsed, seen: ReadonlyMap<string, Handled>): Message | Reply {
  return seen.has(message.id) ? asRepeated(message) : message;
}

function asRepeated(message: Message | Reply): Message | Reply {
  if (!('asker' in message)) return message;
  return { ...message, repeated: true, asker: message.asker && { ...message.asker, repeated: true } };
}
