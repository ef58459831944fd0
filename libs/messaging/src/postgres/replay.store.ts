import { type DeadLetter, type ParkReason, storable } from './dead-letter.store.js';
import { isLook, type KafkaRecord, lookTypes } from '../messages/envelope.js';
import type { Transaction } from './transaction.js';

/** A dead letter as it lies in the table. */
export interface StoredLetter extends DeadLetter {
  readonly id: string;
  readonly consumer: string;
  readonly type: string | null;
  readonly messageId: string | null;
  readonly replayedAt: Date | null;
}

interface Row extends Omit<KafkaRecord, 'appendedAt' | 'value'>, Omit<StoredLetter, 'record'> {
  readonly payload: Buffer | null;
  readonly parkedAt: Date;
}

const columns = `id, consumer, topic, partition, "offset", coalesce(key, '') as key, message_id as "messageId", type, subject,
  headers, payload, attempts, reason, error, parked_at as "parkedAt", replayed_at as "replayedAt"`;

/** What a replay takes along with a letter: those that wait in its line, or itself alone. */
const inLineWith = `(id = $1 or (consumer = $2 and subject = $3 and type <> all($4::text[]))) and replayed_at is null`;

/** Where a letter lies, without a lock: that never changes. */
export async function findLetter(tx: Transaction, id: string): Promise<StoredLetter | null> {
  const [row] = await tx.query<Row>(`select ${columns} from dead_letter where id = $1`, [id]);
  return row ? stored(row) : null;
}

/**
 * Locks the unreplayed letters of its line, at most `limit`, in the order in which their messages came. A message that the
 * broker refused has its place in the outbox, counted downwards, instead of an offset.
 */
export async function lockLine(tx: Transaction, letter: StoredLetter, limit: number): Promise<StoredLetter[]> {
  const rows = await tx.query<Row>(
    `select ${columns} from dead_letter where ${inLineWith}
     order by topic, partition, abs("offset") limit $5 for update`,
    [...lineOf(letter), limit],
  );
  return rows.map(stored);
}

export async function countLine(tx: Transaction, letter: StoredLetter): Promise<number> {
  const [row] = await tx.query<{ count: bigint }>(
    `select count(*) from dead_letter where ${inLineWith}`,
    lineOf(letter),
  );
  return Number(row!.count);
}

export async function markReplayed(tx: Transaction, id: string): Promise<void> {
  await tx.query('update dead_letter set replayed_at = $2 where id = $1', [id, tx.now]);
}

/** A replay that failed again: the letter says why it lies there now. */
export async function noteFailure(tx: Transaction, id: string, reason: ParkReason, error: string): Promise<void> {
  await tx.query('update dead_letter set reason = $2, error = $3, attempts = attempts + 1 where id = $1', [
    id,
    reason,
    storable(error.slice(0, 10_000)),
  ]);
}

/** Nothing waits behind a look, and a letter without a subject stands alone. */
function lineOf({ id, consumer, subject, type }: StoredLetter): unknown[] {
  const own = type !== null && isLook(type);
  return [id, consumer, own ? null : subject, lookTypes];
}

function stored({ topic, partition, offset, key, headers, payload, parkedAt, ...row }: Row): StoredLetter {
  // Its message is as old as the letter: whether it was handled since then is known.
  const record = { topic, partition, offset, key, headers, value: payload, appendedAt: parkedAt.getTime() };
  return { ...row, record };
}
