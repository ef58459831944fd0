import { reply } from '#contracts';
import { encodeHeaders } from './envelope.js';
import type { Answer, Asker, Context, Message, Outgoing } from './message.js';
import type { OutboxRow } from '../postgres/outbox.store.js';
import { partitionOf } from '../kafka/partitioner.js';
import type { Reply } from './reply.js';

type Cause = Pick<Message | Reply, 'id' | 'correlationId'> & { readonly traceparent?: string | null };

/**
 * The outbox row of a message.
 * @param asker whose address it carries instead of its own: the next service answers him
 */
export function messageRow(
  service: string,
  context: Context,
  outgoing: Outgoing,
  cause: Cause | null,
  asker: Asker | null,
): OutboxRow {
  const { contract, id, payload } = outgoing;
  const key = contract.key(payload);
  const subject = contract.subject(payload);
  return {
    id,
    aggregateType: contract.topic.owner,
    aggregateId: subject,
    type: contract.type,
    topic: contract.topic.name,
    partition: partitionOf(key, contract.topic.partitions),
    key,
    headers: encodeHeaders({
      id,
      type: contract.type,
      source: service,
      subject,
      time: context.now.toISOString(),
      correlationId: asker?.correlationId ?? outgoing.correlationId ?? cause?.correlationId ?? id,
      causationId: cause?.id ?? null,
      traceparent: cause?.traceparent ?? null,
      replyTo: asker?.replyTo ?? outgoing.replyTo,
    }),
    payload: JSON.stringify(payload),
  };
}

export function replyRow(service: string, context: Context, to: Asker, answer: Answer): OutboxRow {
  const replayed = to.repeated ?? false;
  if (answer.kind === 'answered') {
    return addressed(service, context, to, reply.answered.type, { body: answer.body, replayed });
  }
  const { code, detail, members } = answer;
  return addressed(service, context, to, reply.rejected.type, { code, detail, members, replayed });
}

/** Tells the asker that the message lies in the dead letters. */
export function parkedRow(service: string, context: Context, to: Asker, reason: string): OutboxRow {
  return addressed(service, context, to, reply.parked.type, { reason });
}

function addressed(service: string, context: Context, to: Asker, type: string, payload: unknown): OutboxRow {
  const id = context.newId();
  const { topic, partition, key } = parseAddress(to.replyTo);
  return {
    id,
    aggregateType: 'reply',
    aggregateId: key,
    type,
    topic,
    partition,
    key,
    headers: encodeHeaders({
      id,
      type,
      source: service,
      subject: key,
      time: context.now.toISOString(),
      correlationId: to.correlationId,
      causationId: to.messageId,
    }),
    payload: JSON.stringify(payload),
  };
}

function parseAddress(replyTo: string): { topic: string; partition: number; key: string } {
  const [topic, partition, ...key] = replyTo.split('/');
  if (!topic || !/^\d+$/.test(partition ?? '')) throw new Error(`not a reply address: ${replyTo}`);
  return { topic, partition: Number(partition), key: key.join('/') };
}
