import { type Replay, replayDeadLetter, type Topic, topics } from '#contracts';
import type { DataSource } from 'typeorm';
import { newId } from '#service';
import type { ParkReason } from '../postgres/dead-letter.store.js';
import { type Parsed, read, type Read } from '../messages/envelope.js';
import { isTransient, LaneLost } from './faults.js';
import { type Folded, inLanes, type Part } from './batch-transaction.js';
import { type Consumer, Fold } from './fold.js';
import type { Handler } from './handler.js';
import { forgetParked, HandledMeanwhile, inboxTakes, isTooOld } from '../postgres/inbox.store.js';
import { lockOtherLane } from '../postgres/lane.store.js';
import { type Answer, answer, type Decision, type Message, reject } from '../messages/message.js';
import type { LaneRow, OutboxRow } from '../postgres/outbox.store.js';
import {
  countLine,
  findLetter,
  lockLine,
  markReplayed,
  noteFailure,
  type StoredLetter,
} from '../postgres/replay.store.js';
import type { Transaction } from '../postgres/transaction.js';

type ReplayDeadLetter = Message<(typeof replayDeadLetter)['wallet']>;

/** Most letters of one command: they share its transaction, and their partition waits for it. */
export const REPLAYED_AT_ONCE_MAX = 100;

const replayTypes = new Set<string>(Object.values(replayDeadLetter).map(({ type }) => type));

/** Whether this is an operator's command to replay a letter: it is obeyed here, whatever the service. */
export const asksToReplay = (read: Read | undefined): read is Parsed =>
  read?.kind === 'message' && replayTypes.has(read.message.type);

/** The records in their order, each command to replay apart: it needs a transaction of its own. */
export function withReplaysApart(records: readonly Read[]): Read[][] {
  const runs: Read[][] = [];
  let open = false;
  for (const record of records) {
    const alone = asksToReplay(record);
    if (open && !alone) runs.at(-1)!.push(record);
    else runs.push([record]);
    open = !alone;
  }
  return runs;
}

/**
 * Obeys one command to replay, in the transaction of its own lane: the letter's partition is locked against its batches,
 * and its messages are handled there as if they had come again.
 *
 * @param consumers those of the process, by name
 * @throws as `foldBatches`
 */
export function foldReplay(
  dataSource: DataSource,
  consumers: ReadonlyMap<string, Consumer>,
  consumer: Consumer,
  part: Part,
): Promise<Folded> {
  return inLanes(dataSource, [part], async (tx, locked) => {
    const replays = new Replays(consumers, part.lane.name);
    const itself = { ...consumer, handler: replays as Handler<unknown, unknown>, parkBehind: false };
    const fold = new Fold(tx, itself, () => part.lane.name);
    await fold.run(part.records, locked);
    fold.outbox.unshift(...replays.outbox);
    return fold;
  });
}

/** A letter cannot be handled this time either, for a reason that is not an exception. */
class StillUnfit extends Error {
  constructor(
    readonly reason: ParkReason,
    message: string,
  ) {
    super(message);
  }
}

/** What a command to replay does. All of it happens in `load`, where statements may run; what it came to is decided. */
class Replays implements Handler<Answer | null, ReplayDeadLetter> {
  /** What the replayed messages say. */
  readonly outbox: LaneRow[] = [];

  constructor(
    private readonly consumers: ReadonlyMap<string, Consumer>,
    private readonly lane: string,
  ) {}

  /** Nothing for a repeat: it is answered as it was before. */
  async load([command]: readonly ReplayDeadLetter[], tx: Transaction): Promise<Answer | null> {
    return command ? this.replay(command.payload.deadLetterId, tx) : null;
  }

  decide(outcome: Answer | null): Decision {
    const decided = outcome!;
    return decided.kind === 'answered'
      ? { outcome: decided, noted: (decided.body as Replay).status }
      : { outcome: decided };
  }

  save(): Promise<void> {
    return Promise.resolve();
  }

  private async replay(deadLetterId: string, tx: Transaction): Promise<Answer> {
    const letter = await findLetter(tx, deadLetterId);
    if (!letter) return reject({ code: 'DEAD_LETTER_NOT_FOUND', detail: 'There is no such dead letter.' });
    const refusal = letter.replayedAt === null ? this.whyNot(letter, tx.now) : null;
    if (refusal !== null) return reject({ code: 'DEAD_LETTER_NOT_REPLAYABLE', detail: refusal });
    await lockOtherLane(tx, `${letter.record.topic}/${letter.record.partition}`);
    const line = await lockLine(tx, letter, REPLAYED_AT_ONCE_MAX);
    // Replayed before, or by somebody else until now.
    const isOver = (await findLetter(tx, deadLetterId))!.replayedAt !== null;
    let replayed = 0;
    let error: string | undefined;
    for (const each of isOver ? [] : line) {
      error = await this.tryAgain(each, tx);
      if (error !== undefined) break;
      replayed += 1;
    }
    const { replayedAt } = (await findLetter(tx, deadLetterId))!;
    const status = replayedAt === null ? 'PARKED' : 'REPLAYED';
    const came: Replay = {
      deadLetterId,
      status,
      replayed,
      remaining: await countLine(tx, letter),
      ...(error && { error }),
    };
    return answer(came);
  }

  /** Why the letter can never be handled again, if so. */
  private whyNot({ consumer, type, reason, messageId, record }: StoredLetter, now: Date): string | null {
    if (reason === 'refused') return null;
    const forgotten = messageId !== null && !inboxTakes(messageId, now);
    if (reason === 'too old' || isTooOld(record.appendedAt, now) || forgotten) {
      return 'It is older than message ids are remembered: whether it was handled cannot be known.';
    }
    if (type !== null && replayTypes.has(type)) return 'It asks for a replay itself: replay the letter that it names.';
    return this.consumers.has(consumer) ? null : `This service has no consumer ${consumer}.`;
  }

  /** @returns what is wrong with the letter still, and nothing of it has happened; undefined when it was handled */
  private async tryAgain(letter: StoredLetter, tx: Transaction): Promise<string | undefined> {
    try {
      const why = this.whyNot(letter, tx.now);
      if (why !== null) throw new StillUnfit(letter.reason, why);
      this.outbox.push(...(await tx.attempt(() => this.handle(letter, tx))));
      return undefined;
    } catch (error) {
      // None of these says anything about the letter.
      if (error instanceof LaneLost || error instanceof HandledMeanwhile || isTransient(error)) throw error;
      const text = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
      const whole = error instanceof Error && !(error instanceof StillUnfit) ? (error.stack ?? text) : text;
      await noteFailure(tx, letter.id, error instanceof StillUnfit ? error.reason : 'fault', whole);
      return text;
    }
  }

  private async handle(letter: StoredLetter, tx: Transaction): Promise<readonly LaneRow[]> {
    await markReplayed(tx, letter.id);
    if (letter.reason === 'refused') return [{ ...sentAgain(letter), lane: this.lane }];
    // It is its own line's first now: nothing is parked before it.
    const consumer = { ...this.consumers.get(letter.consumer)!, parkBehind: false };
    const again = read(letter.record, consumer.accepted);
    // It was taken once: an older version of the service must not let it vanish.
    if (again.kind === 'passed over')
      throw new StillUnfit(letter.reason, 'this version of the service does not take such messages');
    if (letter.messageId !== null) await forgetParked(tx, consumer.name, letter.messageId);
    const fold = new Fold(tx, consumer, () => this.lane);
    await fold.run([again]);
    await fold.claim();
    const [parked] = fold.parked;
    if (parked) throw new StillUnfit(parked.reason, parked.error);
    if (fold.unheeded.length > 0)
      throw new StillUnfit(letter.reason, 'another of its kind killed the process: replay that');
    return fold.outbox;
  }
}

const topicsByName = new Map<string, Topic>(Object.values(topics).map((topic) => [topic.name, topic]));

/** A message of ours that the broker refused, as it was. The copy of a dead letter may have neither id nor type. */
function sentAgain({ messageId, type, subject, record }: StoredLetter): OutboxRow {
  const { topic, partition, key, headers, value } = record;
  const known = topicsByName.get(topic);
  return {
    id: messageId ?? newId(),
    // Of a dead letter's copy the topic says no more.
    aggregateType: known?.kind === 'replies' ? 'reply' : (known?.owner ?? topic),
    aggregateId: subject!,
    type: type ?? 'unknown',
    topic,
    partition,
    key,
    headers,
    payload: value!.toString(),
  };
}
