import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { topics } from '../topics.js';
import { amount, currency, instant, userId, uuid } from '../values.js';
import { concertDetails } from './commands.js';

/** The queue service opens the waiting room and answers whoever created the concert. */
export const concertCreated = defineMessage({
  type: 'concert.ConcertCreated.v1',
  topic: topics.concertEvents,
  payload: concertDetails,
  key: (payload) => payload.concertId,
  subject: (payload) => payload.concertId,
});

export const heldSeat = z.object({
  seatId: uuid,
  section: z.string(),
  row: z.string(),
  number: z.int(),
  price: amount,
});
export type HeldSeat = z.output<typeof heldSeat>;

/** All that the reservation service needs to create the reservation and to show it for ever. */
export const seatsHeld = defineMessage({
  type: 'concert.SeatsHeld.v1',
  topic: topics.concertEvents,
  payload: z.object({
    reservationId: uuid,
    userId,
    concertId: uuid,
    title: z.string(),
    venue: z.string().nullable(),
    scheduleId: uuid,
    startsAt: instant,
    timeZone: z.string(),
    seats: z.array(heldSeat).min(1).max(10),
    amount,
    currency,
    heldAt: instant,
    heldUntil: instant,
  }),
  key: (payload) => payload.scheduleId,
  subject: (payload) => payload.reservationId,
});
export type SeatsHeld = z.output<(typeof seatsHeld)['payload']>;

/**
 * What a schedule's rows said when its seats were counted. Each says all of it, and versions rise with every count:
 * readers keep the highest, so that none comes twice, late or again.
 */
export const seatsCounted = defineMessage({
  type: 'concert.SeatsCounted.v1',
  topic: topics.concertEvents,
  payload: z.object({
    concertId: uuid,
    scheduleId: uuid,
    version: z.int().min(1),
    /** Neither sold nor blocked: free, or held and perhaps free again. */
    seatsLeft: z.int().min(0),
    seatsSold: z.int().min(0),
    /** Users who bought those. */
    buyers: z.int().min(0),
  }),
  key: (payload) => payload.scheduleId,
  subject: (payload) => payload.scheduleId,
});
export type SeatsCounted = z.output<(typeof seatsCounted)['payload']>;

/** The reservation's claims have ended; the reservation service answers whoever waits for it. */
export const seatsReleased = defineMessage({
  type: 'concert.SeatsReleased.v1',
  topic: topics.concertEvents,
  payload: z.object({ scheduleId: uuid, reservationId: uuid, seatIds: z.array(uuid) }),
  key: (payload) => payload.scheduleId,
  subject: (payload) => payload.reservationId,
});
