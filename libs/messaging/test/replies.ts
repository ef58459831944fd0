import { topics } from '#contracts';
import { eventually } from '#testing';
import type { KafkaRecord } from '../src/messages/envelope.js';
import type { KafkaClient } from '../src/kafka/kafka.js';
import { Reader } from '../src/kafka/reader.js';

export interface Replies {
  readonly all: KafkaRecord[];
  /** The replies with these correlation ids, in the order they came, once each has at least one. */
  of(...correlationIds: string[]): Promise<{ type: string; correlationId: string; payload: Record<string, unknown> }[]>;
  stop(): Promise<void>;
}

/** Everything that is answered on partition 0 from now on. */
export async function listenForReplies(kafka: KafkaClient): Promise<Replies> {
  const all: KafkaRecord[] = [];
  const reader = new Reader({
    kafka,
    topic: topics.gatewayReplies.name,
    partitions: [0],
    from: 'now',
    onRecord: (record) => all.push(record),
  });
  await reader.start();
  await eventually(() => reader.condition().ready);
  return {
    all,
    of: async (...correlationIds) => {
      await eventually(() => correlationIds.every((id) => all.some(({ headers }) => headers['correlationid'] === id)));
      return all
        .filter(({ headers }) => correlationIds.includes(headers['correlationid'] ?? ''))
        .map(({ headers, value }) => ({
          type: headers['ce_type'] ?? '',
          correlationId: headers['correlationid'] ?? '',
          payload: JSON.parse(value!.toString()) as Record<string, unknown>,
        }));
    },
    stop: () => reader.stop(),
  };
}
