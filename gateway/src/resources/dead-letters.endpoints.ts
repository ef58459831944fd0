import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { listOf, paging, uuid } from '../endpoint/values.js';
import { deadLetter, operatorAct, operatorReason, replay, wholeDeadLetter } from './operations.bodies.js';

const tag = 'Operators';
const ofLetter = z.strictObject({ deadLetterId: uuid });

export const listDeadLetters = endpoint({
  method: 'GET',
  path: '/v1/admin/dead-letters',
  tag,
  summary: 'Messages that could not be handled, of all services, newest first',
  access: 'operator',
  query: z.strictObject({
    ...paging,
    replayed: z
      .enum(['true', 'false'])
      .optional()
      .meta({ description: 'true for those that were replayed since; false when absent' }),
  }),
  responses: { 200: { description: 'A page of dead letters', body: listOf(deadLetter) } },
});

export const showDeadLetter = endpoint({
  method: 'GET',
  path: '/v1/admin/dead-letters/{deadLetterId}',
  tag,
  summary: 'One dead letter, whole: its message, and why it lies there',
  access: 'operator',
  params: ofLetter,
  responses: { 200: { description: 'The dead letter', body: wholeDeadLetter } },
  problems: ['DEAD_LETTER_NOT_FOUND'],
});

export const replayDeadLetter = endpoint({
  method: 'POST',
  path: '/v1/admin/dead-letters/{deadLetterId}/replay',
  tag,
  summary: 'Have a dead letter handled again, and what waits behind it',
  description:
    'With the same message ids, in the order in which they came, each at most once; it stops at the first that still ' +
    'cannot be handled. Whoever asked for them is answered.',
  access: 'operator',
  command: 'key-optional',
  params: ofLetter,
  body: operatorReason,
  responses: { 202: { description: 'What came of it', body: replay } },
  problems: ['DEAD_LETTER_NOT_FOUND', 'DEAD_LETTER_NOT_REPLAYABLE'],
});

export const listOperatorActs = endpoint({
  method: 'GET',
  path: '/v1/admin/audit-log',
  tag,
  summary: 'What organizers and operators did, in all services, newest first',
  access: 'operator',
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of acts', body: listOf(operatorAct) } },
});
