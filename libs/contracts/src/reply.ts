import { z } from 'zod';
import { rejectionCodes } from './rejection.js';

/**
 * Replies are alike whoever answers: the asker knows what it asked by the id in `causationid`. `replayed` marks the
 * answer to a repeat of a message that was decided before.
 */
export const answered = {
  type: 'reply.Answered.v1',
  payload: z.object({ body: z.record(z.string(), z.unknown()), replayed: z.boolean() }),
} as const;

export const rejected = {
  type: 'reply.Rejected.v1',
  payload: z.object({
    code: z.enum(rejectionCodes),
    detail: z.string(),
    members: z.record(z.string(), z.unknown()).optional(),
    replayed: z.boolean(),
  }),
} as const;

/** The asked service could not handle the message: it lies in the dead letters. */
export const parked = {
  type: 'reply.Parked.v1',
  payload: z.object({ reason: z.string() }),
} as const;

export type Answered = z.output<typeof answered.payload>;
export type Rejected = z.output<typeof rejected.payload>;
export type Parked = z.output<typeof parked.payload>;
