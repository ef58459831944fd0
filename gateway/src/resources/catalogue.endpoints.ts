import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { listOf, paging, storableText, uuid } from '../endpoint/values.js';
import { concert, schedule, seatMap } from './bodies.js';

const tag = 'Catalogue';
const ofConcert = z.strictObject({ concertId: uuid });
const etag = { ETag: 'weak, over everything but `asOf`' };

export const listConcerts = endpoint({
  method: 'GET',
  path: '/v1/concerts',
  tag,
  summary: 'Concerts, newest first',
  access: 'public',
  cache: 'public, max-age=1',
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of concerts', body: listOf(concert) } },
});

export const showConcert = endpoint({
  method: 'GET',
  path: '/v1/concerts/{concertId}',
  tag,
  summary: 'One concert',
  access: 'public',
  cache: 'public, max-age=1',
  params: ofConcert,
  responses: { 200: { description: 'The concert', body: concert } },
  problems: ['CONCERT_NOT_FOUND'],
});

export const listSchedules = endpoint({
  method: 'GET',
  path: '/v1/concerts/{concertId}/schedules',
  tag,
  summary: 'Dates with seats left',
  access: 'user',
  admission: 'pass',
  cache: 'private, no-cache',
  params: ofConcert,
  responses: {
    200: { description: 'The dates', headers: etag, body: z.object({ items: z.array(schedule) }) },
    304: { description: 'Nothing but `asOf` has changed', headers: etag },
  },
  problems: ['CONCERT_NOT_FOUND'],
});

export const listSeats = endpoint({
  method: 'GET',
  path: '/v1/concerts/{concertId}/schedules/{scheduleId}/seats',
  tag,
  summary: 'Seats that can be reserved now',
  access: 'user',
  admission: 'pass',
  cache: 'private, no-cache',
  params: z.strictObject({ concertId: uuid, scheduleId: uuid }),
  query: z.strictObject({
    section: storableText(1, 50).optional(),
    status: z.literal('all').optional().meta({ description: 'every seat, with its status' }),
  }),
  responses: {
    200: { description: 'The seats', headers: etag, body: seatMap },
    304: { description: 'Nothing but `asOf` has changed', headers: etag },
  },
  problems: ['SCHEDULE_NOT_FOUND'],
});
