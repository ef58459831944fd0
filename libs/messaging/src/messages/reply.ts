import { reply, type Topic } from '#contracts';
import { partitionOf } from '../kafka/partitioner.js';

/** The address of replies that belong together by `key`, on the partition that the key gives. */
export function replyAddress(topic: Topic, key: string): string {
  return `${topic.name}/${partitionOf(key, topic.partitions)}/${key}`;
}

/** A reply to one of our own commands, as the handler of a reply topic sees it. */
export type Reply = {
  readonly id: string;
  /** The id of the command it answers. */
  readonly inReplyTo: string;
  /** The key of the address it was sent to. */
  readonly subject: string;
  readonly correlationId: string;
} & (
  | { readonly type: typeof reply.answered.type; readonly payload: reply.Answered }
  | { readonly type: typeof reply.rejected.type; readonly payload: reply.Rejected }
  | { readonly type: typeof reply.parked.type; readonly payload: reply.Parked }
);
