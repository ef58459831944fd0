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
  /**
   * An act of somebody with a role: it is kept in the operator log. Its payload has the members of `operation`; one that was
   * sent before it was audited may name no operator.
   */
  readonly audited?: boolean;
  /**
   * A timer's request to look at a subject: there will be another. So it is neither parked behind anything nor does anything
   * wait behind it when it is parked.
   */
  readonly look?: boolean;
}

export type PayloadOf<C extends MessageContract> = z.output<C['payload']>;

export function defineMessage<const Type extends string, Payload extends z.ZodType>(contract: {
  type: Type;
  topic: Topic;
  payload: Payload;
  key: (payload: z.output<Payload>) => string;
  subject: (payload: z.output<Payload>) => string;
  audited?: boolean;
  look?: boolean;
}): MessageContract<Type, Payload> {
  return contract;
}
