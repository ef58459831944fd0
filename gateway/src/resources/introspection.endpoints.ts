import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { uuid } from '../endpoint/values.js';

/** Longer than any token that we sign. */
const TOKEN_LENGTH_MAX = 4_096;
const seconds = z.int().min(0);

export const introspection = z
  .object({
    active: z.boolean().meta({ description: 'true only for ACTIVE: serve this visitor now' }),
    status: z.enum(['ACTIVE', 'WAITING', 'EXPIRED', 'INVALID']),
    reason: z
      .enum(['INVALID', 'RESET', 'LAPSED', 'PASS_ENDED', 'SPENT', 'LEFT'])
      .optional()
      .meta({ description: 'why it is INVALID or EXPIRED; nothing else is said of such a token' }),
    concertId: z.uuid().optional(),
    sub: z.string().optional().meta({ description: 'the user whose place it is' }),
    queueNumber: z.int().min(1).optional().meta({ description: 'absent before the draw of a pre-queue' }),
    position: z.int().min(0).nullable().optional().meta({ description: '0 when ACTIVE; null when not known yet' }),
    iat: seconds.optional().meta({ description: 'when the place was taken, s since 1970' }),
    exp: seconds
      .optional()
      .meta({ description: 'while ACTIVE the end of the pass, while WAITING of the token, s since 1970' }),
  })
  .meta({ id: 'QueueTokenIntrospection' });

export const introspect = endpoint({
  method: 'POST',
  path: '/v1/queue-tokens/introspect',
  tag: 'Other origins',
  summary: 'What a queue token may do, for a shop of your own',
  description:
    'In the manner of RFC 7662: 200 also for a token that is good for nothing, which is not `active`. It is judged by this ' +
    'gateway alone, from its signature and the newest snapshot of the line; nothing is renewed, spent or asked of anybody.',
  access: 'service',
  body: z
    .strictObject({
      token: z.string().min(1).max(TOKEN_LENGTH_MAX),
      concertId: uuid.optional().meta({ description: 'for another concert the token is INVALID' }),
      userId: z.string().min(1).max(255).optional().meta({ description: 'for another user the token is INVALID' }),
    })
    .meta({ id: 'IntrospectQueueToken' }),
  responses: { 200: { description: 'The verdict', body: introspection } },
});
