import type { z } from 'zod';
import type { Topic } from './topics.js';

/**
 * One wire message: its versioned type, where it goes, its payload's schema, the key that orders it and the subject it is
 * about. The key picks the partition; the subject is the aggregate whose later messages wait when one of them is parked.
 */
export interface MessageContract<Type extends string = string, Payload extends z.ZodType = z.ZodType> {
  readonly type: Type;
  readonly topic: Topic;
  readonly payload: Payload;
  key(payload: z.output<Payload>): string;
  subject(payload: z.output<Payload>): string;
}

export type PayloadOf<C extends MessageContract> = z.output<C['payload']>;

export function defineMessage<const Type extends string, Payload extends z.ZodType>(contract: {
  type: Type;
  topic: Topic;
  payload: Payload;
  key: (payload: z.output<Payload>) => string;
  subject: (payload: z.output<Payload>) => string;
}): MessageContract<Type, Payload> {
  return contract;
}
