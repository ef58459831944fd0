import type { IHeaders } from 'kafkajs';
import { allContracts, type MessageContract, reply, type Topic, topics } from '#contracts';
import type { Asker, Message } from './message.js';
import type { Reply } from './reply.js';

/** A record as it lies in Kafka; `topic` is the name without the prefix. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** When the broker appended it, ms since 1970; a replayed record carries that of its original. */
  readonly appendedAt: number;
}

/** The headers of a message: CloudEvents 1.0 in Kafka's binary mode, and ours beside them. */
export interface Envelope {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly correlationId: string;
  readonly causationId?: string | null;
  readonly traceparent?: string | null;
  readonly replyTo?: string | null;
  readonly requestHash?: string | null;
}

export function encodeHeaders(envelope: Envelope): Record<string, string> {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: envelope.id,
    ce_type: envelope.type,
    ce_source: envelope.source,
    ce_subject: envelope.subject,
    ce_time: envelope.time,
    'content-type': 'application/json',
    correlationid: envelope.correlationId,
  };
  if (envelope.causationId) headers['causationid'] = envelope.causationId;
  if (envelope.traceparent) headers['traceparent'] = envelope.traceparent;
  if (envelope.replyTo) headers['replyto'] = envelope.replyTo;
  if (envelope.requestHash) headers['requesthash'] = envelope.requestHash;
  return headers;
}

export function textHeaders(headers: IHeaders | undefined): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== undefined && !Array.isArray(value)) text[name] = value.toString();
  }
  return text;
}

/** A record that was understood. `requestHash` tells two requests under one idempotency key apart. */
export interface Parsed {
  readonly kind: 'message';
  readonly record: KafkaRecord;
  readonly message: Message | Reply;
  readonly requestHash: string | null;
}

export interface Unreadable {
  readonly kind: 'malformed';
  readonly record: KafkaRecord;
  readonly error: string;
  /** Who waits for an answer, where the headers say it. */
  readonly asker?: Asker | null;
}

export type Read = Parsed | Unreadable | { readonly kind: 'passed over'; readonly record: KafkaRecord };

/** PostgreSQL indexes no more than 2,704 bytes, and dead letters are found by consumer and subject. */
const SUBJECT_BYTES_MAX = 2_000;

const contractsByType = new Map(allContracts.map((contract) => [contract.type, contract]));
const repliesByType = new Map(
  [reply.answered, reply.rejected, reply.parked].map((each) => [each.type as string, each]),
);
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function contractOf(type: string): MessageContract {
  const contract = contractsByType.get(type);
  if (!contract) throw new Error(`no contract of type ${type}`);
  return contract;
}

/** Whether messages of this type are acts of somebody with a role, to be kept in the operator log. */
export const isAudited = (type: string): boolean => contractsByType.get(type)?.audited ?? false;

/** Types of messages that only look: another of them will come. */
export const lookTypes: readonly string[] = allContracts.filter(({ look }) => look).map(({ type }) => type);
const looks = new Set(lookTypes);
export const isLook = (type: string): boolean => looks.has(type);

/**
 * Reads a record for a handler of `accepted` message types (null: a handler of replies). Never throws: what cannot be
 * understood is `malformed`, with the reason for the dead letter.
 */
export function read(record: KafkaRecord, accepted: ReadonlySet<string> | null): Read {
  const type = record.headers['ce_type'];
  const id = record.headers['ce_id'];
  if (type === undefined || id === undefined || !isUuid(id)) {
    return { kind: 'malformed', record, error: 'the headers ce_type and ce_id (a UUID) are missing or invalid' };
  }
  if (Object.values(record.headers).some(hasNul) || hasNul(record.key)) {
    return { kind: 'malformed', record, error: 'the key or a header has a NUL, which no table can store' };
  }
  const asker = accepted ? askerOf(record, id) : null;
  const malformed = (error: string) => ({ kind: 'malformed', record, error, asker }) as const;
  const shape = accepted ? contractsByType.get(type) : repliesByType.get(type);
  if (!shape) return mayBeUnknown(record) ? { kind: 'passed over', record } : malformed(`unknown type ${type}`);
  if (accepted && !accepted.has(type)) return { kind: 'passed over', record };
  if (!isReplyAddress(record.headers['replyto'])) return malformed('replyto is no address');
  if (Buffer.byteLength(subjectOf(record)) > SUBJECT_BYTES_MAX) {
    return malformed(`the subject is longer than ${SUBJECT_BYTES_MAX} bytes, which no index can store`);
  }
  const value = parseJson(record.value);
  if (value === undefined) return malformed('the value is not JSON');
  if (nulEscape.test(record.value!.toString())) return malformed('the value has a NUL, which no table can store');
  const payload = shape.payload.safeParse(value);
  if (!payload.success) return malformed(JSON.stringify(payload.error.issues));
  const message = accepted ? asMessage(record, id, type, payload.data) : asReply(record, id, type, payload.data);
  return { kind: 'message', record, message, requestHash: record.headers['requesthash'] ?? null };
}

/** In lower case, as PostgreSQL writes it. */
export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

function hasNul(text: string): boolean {
  return text.includes('\u0000');
}

/** A NUL in JSON is an escape: after an odd number of backslashes. */
const nulEscape = /(?<!\\)(?:\\\\)*\\u0000/;

const subjectOf = ({ headers, key }: KafkaRecord): string => headers['ce_subject'] ?? key;

const topicsByName = new Map<string, Topic>(Object.values(topics).map((topic) => [topic.name, topic]));

/** An owner may tell new events before all who listen know them. */
function mayBeUnknown({ topic }: KafkaRecord): boolean {
  return topicsByName.get(topic)?.kind === 'events';
}

function askerOf({ headers }: KafkaRecord, id: string): Asker | null {
  const replyTo = headers['replyto'];
  if (replyTo === undefined || !isReplyAddress(replyTo)) return null;
  return { replyTo, correlationId: headers['correlationid'] ?? id, messageId: id };
}

function asMessage(record: KafkaRecord, id: string, type: string, payload: unknown): Message {
  const { headers } = record;
  return {
    id,
    type,
    payload: payload as Message['payload'],
    subject: subjectOf(record),
    correlationId: headers['correlationid'] ?? id,
    traceparent: headers['traceparent'] ?? null,
    asker: askerOf(record, id),
    repeated: false,
  };
}

function asReply(record: KafkaRecord, id: string, type: string, payload: unknown): Reply {
  const { headers } = record;
  return {
    id,
    type,
    payload,
    inReplyTo: headers['causationid'] ?? '',
    subject: subjectOf(record),
    correlationId: headers['correlationid'] ?? id,
  } as Reply;
}

/** Replies go to reply topics only: an answer to anything else would never leave the outbox. */
function isReplyAddress(replyTo: string | undefined): boolean {
  if (replyTo === undefined) return true;
  const [, topic, partition] = /^([^/]+)\/(\d{1,5})\/[\x21-\x7e]{1,300}$/.exec(replyTo) ?? [];
  const known = [topics.gatewayReplies, topics.paymentSagaReplies].find(({ name }) => name === topic);
  return known !== undefined && Number(partition) < known.partitions;
}

function parseJson(value: Buffer | null): unknown {
  if (value === null) return undefined;
  try {
    return JSON.parse(value.toString()) as unknown;
  } catch {
    return undefined;
  }
}
