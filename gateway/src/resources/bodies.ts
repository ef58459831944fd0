import { z } from 'zod';

/** The bodies of the public API. Clients ignore members they do not know, so these are not strict. */

const id = z.uuid();
const instant = z.iso.datetime();
const money = z.int().min(0).meta({ description: 'minor units of the currency' });
const currency = z.string().length(3);

export const pending = z
  .object({ status: z.literal('PENDING'), idempotencyKey: z.string() })
  .meta({ id: 'Pending', description: 'Durable, not decided yet: repeat the request with this Idempotency-Key' });

export const concert = z
  .object({
    concertId: id,
    title: z.string(),
    artist: z.string().nullable(),
    venue: z.string().nullable(),
    timeZone: z.string(),
    salesOpenAt: instant.nullable(),
    salesCloseAt: instant.nullable(),
    dates: z.array(z.object({ scheduleId: id, startsAt: instant })),
  })
  .meta({ id: 'Concert' });
export type Concert = z.output<typeof concert>;

export const schedule = z
  .object({
    scheduleId: id,
    concertId: id,
    startsAt: instant,
    seatsTotal: z.int().min(0),
    seatsAvailable: z.int().min(0),
  })
  .meta({ id: 'Schedule' });

const seatStatus = z.enum(['AVAILABLE', 'HELD', 'SOLD', 'BLOCKED']);

export const seat = z
  .object({
    seatId: id,
    section: z.string(),
    row: z.string(),
    number: z.int(),
    price: money,
    currency,
    status: seatStatus.optional().meta({ description: 'only where every seat is asked for' }),
  })
  .meta({ id: 'Seat' });

export const organizerSeat = seat
  .extend({ status: seatStatus, reason: z.string().nullable().meta({ description: 'why it is blocked' }) })
  .meta({ id: 'OrganizerSeat' });

export const seatMap = z.object({ scheduleId: id, asOf: instant, items: z.array(seat) }).meta({ id: 'SeatMap' });

export const reservation = z
  .object({
    reservationId: id,
    status: z.enum(['WAITING', 'PAYING', 'CONFIRMED', 'EXPIRED', 'CANCELLING', 'CANCELLED']),
    concertId: id,
    title: z.string(),
    venue: z.string().nullable(),
    scheduleId: id,
    startsAt: instant,
    timeZone: z.string(),
    seats: z.array(z.object({ seatId: id, section: z.string(), row: z.string(), number: z.int(), price: money })),
    amount: money,
    currency,
    expiresAt: instant,
    expiresInSeconds: z.int().min(0),
    createdAt: instant,
    paidAt: instant.nullable(),
    paymentId: id.nullable().meta({ description: 'the latest attempt' }),
    cancelledAt: instant.nullable(),
    refundedAmount: money,
  })
  .meta({ id: 'Reservation' });
export type Reservation = z.output<typeof reservation>;

export const payment = z
  .object({
    paymentId: id,
    reservationId: id,
    status: z.enum(['PROCESSING', 'COMPLETED', 'REJECTED', 'COMPENSATED']),
    amount: money,
    currency,
    paidAt: instant.nullable(),
    failure: z.object({ code: z.string(), detail: z.string() }).nullable(),
    timeline: z.array(z.object({ at: instant, state: z.string(), event: z.string() })),
  })
  .meta({ id: 'Payment' });
export type Payment = z.output<typeof payment>;

export const operatorPayment = payment
  .extend({
    status: z.enum(['PROCESSING', 'COMPLETED', 'REJECTED', 'COMPENSATED', 'STUCK']),
    userId: z.string(),
    state: z.string().meta({ description: 'what the saga awaits, or how it ended' }),
    stuckReason: z.string().nullable(),
    attempts: z.int().min(1).meta({ description: 'how often the awaited request was sent' }),
    deadlineAt: instant,
    createdAt: instant,
    cancellation: z
      .object({ state: z.string(), stuckReason: z.string().nullable(), attempts: z.int().min(1) })
      .nullable()
      .meta({ description: 'of the paid reservation' }),
  })
  .meta({ id: 'OperatorPayment', description: 'STUCK: its saga, or its cancellation, waits for an operator' });
export type OperatorPayment = z.output<typeof operatorPayment>;

export const wallet = z
  .object({ userId: z.string(), balance: money, currency, updatedAt: instant.nullable() })
  .meta({ id: 'Wallet' });

export const topUp = z
  .object({ topUpId: id, amount: money, balance: money, currency, createdAt: instant })
  .meta({ id: 'TopUp' });

export const walletEntry = z
  .object({
    entryId: id,
    kind: z.enum(['TOP_UP', 'DEBIT', 'REFUND']),
    amount: money,
    balanceAfter: money,
    paymentId: id.nullable(),
    createdAt: instant,
  })
  .meta({ id: 'WalletEntry' });
