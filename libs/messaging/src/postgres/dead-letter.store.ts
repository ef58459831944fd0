import { deadLetterTopicOf } from '#contracts';
import { newId } from '#service';
import { isLook, isUuid, type KafkaRecord } from '../messages/envelope.js';
import type { OutboxRow } from './outbox.store.js';
import type { Transaction } from './transaction.js';

export type ParkReason =
  /** Not JSON, no such type, or not of its schema. */
  | 'malformed'
  /** Older than ids are remembered: whether it was handled cannot be known. */
  | 'too old'
  /** Handling it throws: a bug, or a constraint that stands behind the code. */
  | 'fault'
  /** Handling it was started twice and killed the process each time. */
  | 'killer'
  /** An earlier message of its subject is parked. */
  | 'behind'
  /** The broker refuses the message for good. */
  | 'refused';

export interface DeadLetter {
  readonly record: KafkaRecord;
  /** What later messages wait for, and what a replay takes along; null where it stands alone. */
  readonly subject: string | null;
  readonly reason: ParkReason;
  readonly error: string;
  readonly attempts: number;
}

/** Writes dead letters, one statement; a record that lies there already is left as it is. */
export async function writeDeadLetters(
  tx: Transaction,
  consumer: string,
  letters: readonly DeadLetter[],
): Promise<void> {
  if (letters.length === 0) return;
  const records = letters.map((letter) => letter.record);
  await tx.query(
    `insert into dead_letter
       (id, consumer, topic, partition, "offset", key, message_id, type, subject, headers, payload, attempts, reason, error)
     select id, $1, topic, partition, "offset", key, message_id, type, subject, headers, payload, attempts, reason, error
     from unnest($2::uuid[], $3::text[], $4::int[], $5::bigint[], $6::text[], $7::uuid[], $8::text[], $9::text[],
                 $10::jsonb[], $11::bytea[], $12::int[], $13::text[], $14::text[])
       as letter (id, topic, partition, "offset", key, message_id, type, subject, headers, payload, attempts, reason, error)
     on conflict do nothing`,
    [
      consumer,
      letters.map(() => newId()),
      records.map((record) => record.topic),
      records.map((record) => record.partition),
      records.map((record) => record.offset),
      records.map((record) => storable(record.key)),
      records.map((record) => uuidOrNull(record.headers['ce_id'])),
      records.map((record) => storable(record.headers['ce_type'] ?? null)),
      letters.map((letter) => storable(letter.subject)),
      records.map((record) => JSON.stringify(storableHeaders(record.headers))),
      records.map((record) => record.value),
      letters.map((letter) => letter.attempts),
      letters.map((letter) => letter.reason),
      letters.map((letter) => storable(letter.error.slice(0, 10_000))),
    ],
  );
}

/** What lies parked under the subjects of a batch and was not replayed yet. */
export interface Lying {
  /** Subjects whose later messages wait behind a parked one. */
  readonly blocked: ReadonlySet<string>;
  /** The looks among it, by `lookOf`: true where such a look killed its process. */
  readonly looks: ReadonlyMap<string, boolean>;
}

export const lookOf = (type: string | null, subject: string): string => `${type} ${subject}`;

export async function lyingLetters(tx: Transaction, consumer: string, subjects: readonly string[]): Promise<Lying> {
  if (subjects.length === 0) return { blocked: new Set(), looks: new Map() };
  const rows = await tx.query<{ type: string; subject: string; deadly: boolean }>(
    `select type, subject, bool_or(reason = 'killer') as deadly from dead_letter
     where consumer = $1 and subject = any($2) and replayed_at is null
     group by type, subject`,
    [consumer, [...new Set(subjects)]],
  );
  const looks = rows.filter(({ type }) => isLook(type));
  return {
    blocked: new Set(rows.filter(({ type }) => !isLook(type)).map(({ subject }) => subject)),
    looks: new Map(looks.map(({ type, subject, deadly }) => [lookOf(type, subject), deadly])),
  };
}

/** The letter's copy on the group's dead letter topic, for people and tools outside the database. */
export function deadLetterRow(consumer: string, { record, reason, error, attempts }: DeadLetter): OutboxRow {
  return {
    id: uuidOrNull(record.headers['ce_id']) ?? newId(),
    aggregateType: consumer,
    aggregateId: storable(record.key),
    type: storable(record.headers['ce_type'] ?? 'unknown'),
    topic: deadLetterTopicOf(consumer),
    partition: 0,
    key: storable(record.key),
    headers: storableHeaders({
      ...record.headers,
      originaltopic: record.topic,
      originalpartition: String(record.partition),
      originaloffset: String(record.offset),
      attempts: String(attempts),
      reason,
      error: error.slice(0, 2_000),
    }),
    // The table has the value's very bytes.
    payload: storable(record.value?.toString() ?? ''),
  };
}

function uuidOrNull(text: string | undefined): string | null {
  return text !== undefined && isUuid(text) ? text : null;
}

/**
 * PostgreSQL's text has no NUL and its JSON no half of a surrogate pair (a cut can leave one), but what is parked may have
 * both. A dead letter that cannot be written would hold its partition up for ever.
 */
export function storable<Text extends string | null>(text: Text): Text {
  return (text === null ? null : Buffer.from(text.replaceAll('\u0000', '')).toString()) as Text;
}

function storableHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [storable(name), storable(value)]));
}
