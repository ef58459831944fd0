import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { idList, instant, storableText, uuid } from '../endpoint/values.js';
import { concert, organizerSeat } from './bodies.js';

const tag = 'Organizers';
const SEATS_PER_SCHEDULE_MAX = 100_000;
/** Ten seats of this price are still far below what JSON numbers and the ledger can carry. */
const PRICE_MAX = 100_000_000_000;

const isTimeZone = (name: string) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
};

export const createConcert = endpoint({
  method: 'POST',
  path: '/v1/admin/concerts',
  tag,
  summary: 'Announce a concert; its waiting room opens with it',
  access: 'organizer',
  command: 'key-optional',
  body: z
    .strictObject({
      title: storableText(1, 200),
      artist: storableText(1, 200).nullable().optional(),
      venue: storableText(1, 200).nullable().optional(),
      timeZone: storableText(1, 64).refine(isTimeZone, 'is not an IANA time zone').optional(),
      salesOpenAt: instant.nullable().optional(),
      salesCloseAt: instant.nullable().optional(),
    })
    .refine(({ salesOpenAt, salesCloseAt }) => !salesOpenAt || !salesCloseAt || salesOpenAt < salesCloseAt, {
      path: ['salesCloseAt'],
      message: 'must be after salesOpenAt',
    })
    .meta({ id: 'NewConcert' }),
  responses: { 201: { description: 'The concert', headers: { Location: 'the concert' }, body: concert } },
});

const block = z.strictObject({
  section: storableText(1, 50),
  rows: z.int().min(1).max(SEATS_PER_SCHEDULE_MAX),
  seatsPerRow: z.int().min(1).max(SEATS_PER_SCHEDULE_MAX),
  price: z.int().min(1).max(PRICE_MAX),
});

export const createSchedule = endpoint({
  method: 'POST',
  path: '/v1/admin/concerts/{concertId}/schedules',
  tag,
  summary: 'Add a date with its seats',
  description:
    'Rows are named "1".."n"; another block of a section (other prices, say) goes on where the one before ended. At most 100,000 seats.',
  access: 'organizer',
  command: 'key-optional',
  params: z.strictObject({ concertId: uuid }),
  body: z
    .strictObject({ startsAt: instant, blocks: z.array(block).min(1).max(1000) })
    .refine(({ blocks }) => seatsOf(blocks) <= SEATS_PER_SCHEDULE_MAX, {
      path: ['blocks'],
      message: `must not have more than ${SEATS_PER_SCHEDULE_MAX} seats`,
    })
    .meta({ id: 'NewSchedule' }),
  responses: {
    201: {
      description: 'The schedule',
      body: z.object({ scheduleId: z.uuid(), seatsTotal: z.int().min(1) }).meta({ id: 'CreatedSchedule' }),
    },
  },
  problems: ['CONCERT_NOT_FOUND'],
});

function seatsOf(blocks: readonly { rows: number; seatsPerRow: number }[]): number {
  return blocks.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0);
}

const ofSchedule = z.strictObject({ scheduleId: uuid });

export const showSeats = endpoint({
  method: 'GET',
  path: '/v1/admin/schedules/{scheduleId}/seats',
  tag,
  summary: 'Every seat of a date, with its status',
  access: 'organizer',
  params: ofSchedule,
  responses: {
    200: {
      description: 'The seats',
      body: z.object({ scheduleId: z.uuid(), asOf: z.iso.datetime(), items: z.array(organizerSeat) }),
    },
  },
  problems: ['SCHEDULE_NOT_FOUND'],
});

export const blockSeats = endpoint({
  method: 'PATCH',
  path: '/v1/admin/schedules/{scheduleId}/seats',
  tag,
  summary: 'Take seats out of sale, or give them back',
  access: 'organizer',
  command: 'key-optional',
  params: ofSchedule,
  body: z
    .strictObject({ seatIds: idList(1000), blocked: z.boolean(), reason: storableText(1, 500) })
    .meta({ id: 'SeatBlocking' }),
  responses: {
    200: { description: 'The named seats as they are now', body: z.object({ items: z.array(organizerSeat) }) },
  },
  problems: ['SCHEDULE_NOT_FOUND', 'SEAT_NOT_FOUND', 'ALREADY_RESERVED_SEAT'],
});
