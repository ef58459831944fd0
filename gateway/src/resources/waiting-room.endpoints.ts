import { queue } from '#contracts';
import { z } from 'zod';
import { queuePlace } from '../admission/queue-place.js';
import { endpoint } from '../endpoint/endpoint.js';
import { storableText, uuid } from '../endpoint/values.js';

const tag = 'Waiting room';
const ofConcert = z.strictObject({ concertId: uuid });
/** What lets somebody into a class. */
export const classCode = storableText(4, 100).refine(
  (code) => code.trim().length >= 4,
  'must have 4 letters or digits',
);

export const join = endpoint({
  method: 'POST',
  path: '/v1/concerts/{concertId}/queue-token',
  tag,
  summary: 'Take a place in line',
  description:
    'One live place per user and concert: joining again gives the same place with a fresh token. Send the token you have as ' +
    'Queue-Token, if you have one: no replica then shows a higher position than it was shown with. ' +
    'Before the sale opens the place is PREQUEUE; at the opening all of these draw their numbers, in an order that nobody ' +
    'chooses, and whoever joins later is behind them. ' +
    'QUEUE_CLOSED says why as `reason`: the mode, or SOLD_OUT while every seat is sold or blocked. ' +
    'With the code of a class the place is in its line, which has a share of every batch, and moves in the order of joining, ' +
    'also before the sale opens. Whoever waits already and brings the code of another class gives the place up for one there.',
  access: 'user',
  command: 'key-optional',
  pendingAnswer: false,
  params: ofConcert,
  body: z
    .strictObject({ code: classCode.optional().meta({ description: 'of a presale or another class, in any case' }) })
    .meta({ id: 'JoinQueue' }),
  responses: {
    201: { description: 'A new place', body: queuePlace },
    200: { description: 'The place the user has already', body: queuePlace },
  },
  problems: ['CONCERT_NOT_FOUND', 'QUEUE_CLOSED', 'RATE_LIMITED'],
});

export const showPlace = endpoint({
  method: 'GET',
  path: '/v1/concerts/{concertId}/queue-token',
  tag,
  summary: 'My place in line, renewed',
  access: 'user',
  admission: 'place',
  params: ofConcert,
  responses: { 200: { description: 'The place; its token is renewed while waiting', body: queuePlace } },
});

export const leave = endpoint({
  method: 'DELETE',
  path: '/v1/concerts/{concertId}/queue-token',
  tag,
  summary: 'Give the place up',
  description: 'Holds are kept.',
  access: 'user',
  admission: 'place',
  params: ofConcert,
  responses: { 204: { description: 'The place is given up' } },
});

export const listen = endpoint({
  method: 'GET',
  path: '/v1/concerts/{concertId}/queue/events',
  tag,
  summary: 'My place in line, as it changes',
  description:
    'Server-sent events, for clients that can send headers: `place` with a `QueuePlace` and its renewed token, at least every ' +
    '30 s; listening counts as polling. Ends with `active` (a `QueuePlace`), or with `expired`, `reset` or `closed` (the problem ' +
    'that asking would be answered with). A stream that just ends is to be opened again, with the newest token and its ' +
    'Last-Event-ID, after the time that `retry` said. Past its limit a gateway answers `OVERLOADED`: ask for the place instead.',
  access: 'user',
  admission: 'place',
  params: ofConcert,
  responses: {
    200: { description: 'The events; `id` is the tick', body: z.string(), contentType: 'text/event-stream' },
  },
});

export const queueDocument = z
  .object({
    concertId: z.uuid(),
    mode: z.enum(queue.queueModes),
    waitingCount: z.int().min(0),
    activeCount: z.int().min(0),
    lastQueueNumber: z.int().min(0),
    servingNumber: z.int().min(0),
    activationBatch: z.int().min(1),
    tickSeconds: z.number().min(0),
    draw: queue.draw.nullable().meta({
      description:
        'the pre-queue before the sale: the SHA-256 of its seed from the start, how many are registered, and the seed once ' +
        'their numbers are drawn; null where there is none',
    }),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'Queue' });

export const showQueue = endpoint({
  method: 'GET',
  path: '/v1/concerts/{concertId}/queue',
  tag,
  summary: 'The line as everybody may see it',
  access: 'public',
  cache: 'public, max-age=1',
  params: ofConcert,
  responses: { 200: { description: 'The line', body: queueDocument } },
  problems: ['CONCERT_NOT_FOUND'],
});
