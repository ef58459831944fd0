import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { ofDeadLetter } from '../replay.js';
import { topics } from '../topics.js';
import { amount, instant, userId, uuid } from '../values.js';

const ofSchedule = { topic: topics.concertCommands, key: (payload: { scheduleId: string }) => payload.scheduleId };
const ofReservation = { ...ofSchedule, subject: (payload: { reservationId: string }) => payload.reservationId };

export const concertDetails = z.object({
  concertId: uuid,
  title: z.string().min(1).max(200),
  artist: z.string().max(200).nullable(),
  venue: z.string().max(200).nullable(),
  timeZone: z.string().max(64),
  salesOpenAt: instant.nullable(),
  salesCloseAt: instant.nullable(),
});
export type ConcertDetails = z.output<typeof concertDetails>;

/** Answered (by the queue service, once the waiting room is open) with the concert as the public catalogue shows it. */
export const createConcert = defineMessage({
  type: 'concert.CreateConcert.v1',
  topic: topics.concertCommands,
  payload: concertDetails,
  key: (payload) => payload.concertId,
  subject: (payload) => payload.concertId,
});

export const seatBlock = z.object({
  section: z.string().min(1).max(50),
  rows: z.int().min(1).max(100_000),
  seatsPerRow: z.int().min(1).max(100_000),
  price: amount,
});

/** Answered with { scheduleId, seatsTotal }, or CONCERT_NOT_FOUND. Rows are named "1".."n". */
export const createSchedule = defineMessage({
  type: 'concert.CreateSchedule.v1',
  payload: z.object({
    scheduleId: uuid,
    concertId: uuid,
    startsAt: instant,
    blocks: z.array(seatBlock).min(1).max(1000),
  }),
  ...ofSchedule,
  subject: (payload) => payload.scheduleId,
});

/** The organizer takes seats out of sale or gives them back; audited. Answered with { items: seats with status }. */
export const blockSeats = defineMessage({
  type: 'concert.BlockSeats.v1',
  payload: z.object({
    scheduleId: uuid,
    seatIds: z.array(uuid).min(1).max(1000),
    blocked: z.boolean(),
    reason: z.string().min(1).max(500),
    /** Absent in what was sent before it was audited. */
    operator: userId.optional(),
  }),
  ...ofSchedule,
  subject: (payload) => payload.scheduleId,
  audited: true,
});

/**
 * Hold all the seats or none. Forwarded as SeatsHeld to the reservation service, which answers; or rejected here:
 * SCHEDULE_NOT_FOUND, SEAT_NOT_FOUND, SALES_CLOSED, INVALID_TOKEN (schedule of another concert than the token's),
 * TICKET_LIMIT_EXCEEDED, ALREADY_RESERVED_SEAT.
 */
export const holdSeats = defineMessage({
  type: 'concert.HoldSeats.v1',
  payload: z.object({
    scheduleId: uuid,
    /** The concert of the caller's queue token. */
    concertId: uuid,
    reservationId: uuid,
    userId,
    seatIds: z.array(uuid).min(1).max(10),
  }),
  ...ofReservation,
});

/** A payment began in time: its seats stay held until `until`, or until their present end if that is later. Not answered. */
export const extendHold = defineMessage({
  type: 'concert.ExtendHold.v1',
  payload: z.object({ scheduleId: uuid, reservationId: uuid, until: instant }),
  ...ofReservation,
});

/**
 * The payment that extended a hold to `extendedTo` was refused: its seats end at `until` again. A hold that ends at any
 * other time belongs to somebody else's extension and stays. Not answered.
 */
export const restoreHold = defineMessage({
  type: 'concert.RestoreHold.v1',
  payload: z.object({ scheduleId: uuid, reservationId: uuid, extendedTo: instant, until: instant }),
  ...ofReservation,
});

/** Sell the seats to the reservation that holds them. Answered with { paymentId }, or EXPIRED_RESERVATION when it does not hold them all. */
export const confirmSeats = defineMessage({
  type: 'concert.ConfirmSeats.v1',
  payload: z.object({ scheduleId: uuid, reservationId: uuid, paymentId: uuid, seatIds: z.array(uuid).min(1).max(10) }),
  ...ofReservation,
});

/**
 * The saga is in doubt about a ConfirmSeats. Answered with { paymentId, confirmed }: true when the confirmation was
 * recorded before (the saga goes forward); false records a refusal, and a late confirm of this payment stays refused.
 */
export const revokeConfirm = defineMessage({
  type: 'concert.RevokeConfirm.v1',
  payload: z.object({ scheduleId: uuid, reservationId: uuid, paymentId: uuid }),
  ...ofReservation,
});

/** End the reservation's unsold claims. Forwarded as SeatsReleased; nothing held any more is no fault. */
export const releaseHold = defineMessage({
  type: 'concert.ReleaseHold.v1',
  payload: z.object({
    scheduleId: uuid,
    reservationId: uuid,
    reason: z.enum(['EXPIRED', 'CANCELLED', 'COMPENSATED']),
  }),
  ...ofReservation,
});

/** A paid reservation is cancelled: its sold seats are free again. Answered with { reservationId }. */
export const cancelSeats = defineMessage({
  type: 'concert.CancelSeats.v1',
  payload: z.object({ scheduleId: uuid, reservationId: uuid, paymentId: uuid }),
  ...ofReservation,
});

/** Count what is left of a schedule and say it as SeatsCounted: seats were sold, came back or were blocked, or it is time again. */
export const countSeats = defineMessage({
  type: 'concert.CountSeats.v1',
  payload: z.object({ scheduleId: uuid }),
  ...ofSchedule,
  subject: (payload) => payload.scheduleId,
  look: true,
});

/**
 * An operator has a dead letter of this service handled again, and what is parked of its subject. Answered with a `Replay`;
 * rejected: DEAD_LETTER_NOT_FOUND, DEAD_LETTER_NOT_REPLAYABLE.
 */
export const replayDeadLetter = defineMessage({
  type: 'concert.ReplayDeadLetter.v1',
  topic: topics.concertCommands,
  ...ofDeadLetter,
});
