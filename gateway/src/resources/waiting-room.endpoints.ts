import { queue } from '#contracts';
import { z } from 'zod';
import { queuePlace } from '../admission/queue-place.js';
import { endpoint } from '../endpoint/endpoint.js';
import { uuid } from '../endpoint/values.js';

const tag = 'Waiting room';
const ofConcert = z.strictObject({ concertId: uuid });

export const join = endpoint({
  method: 'POST',
  path: '/v1/concerts/{concertId}/queue-token',
  tag,
  summary: 'Take a place in line',
  description: 'One live place per user and concert: joining again gives the same place with a fresh token.',
  access: 'user',
  command: 'key-optional',
  pendingAnswer: false,
  params: ofConcert,
  responses: {
    201: { description: 'A new place', body: queuePlace },
    200: { description: 'The place the user has already', body: queuePlace },
  },
  problems: ['CONCERT_NOT_FOUND', 'QUEUE_CLOSED'],
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
