import { concert, type PayloadOf } from '#contracts';
import type { ScheduleRequest } from '../domain/catalogue.js';
import { statusAt } from '../domain/claim.js';
import type { Concert } from '../domain/concert.js';
import type { Hold } from '../domain/hold.js';
import type { SeatInventory } from '../domain/seat-inventory.js';
import type { Seat } from '../domain/seat.js';

// Between the wire (RFC 3339 strings, plain integers) and the domain (Date, bigint).

export function concertFrom(details: concert.ConcertDetails): Concert {
  const { concertId, title, artist, venue, timeZone, salesOpenAt, salesCloseAt } = details;
  const sales = { salesOpenAt: dateOrNull(salesOpenAt), salesCloseAt: dateOrNull(salesCloseAt) };
  return { id: concertId, title, artist, venue, timeZone, ...sales };
}

export function detailsOf({ id, title, artist, venue, timeZone, ...sales }: Concert): concert.ConcertDetails {
  return {
    concertId: id,
    title,
    artist,
    venue,
    timeZone,
    salesOpenAt: sales.salesOpenAt?.toISOString() ?? null,
    salesCloseAt: sales.salesCloseAt?.toISOString() ?? null,
  };
}

export function scheduleFrom(payload: PayloadOf<typeof concert.createSchedule>): ScheduleRequest {
  const { scheduleId, concertId, startsAt, blocks } = payload;
  return {
    scheduleId,
    concertId,
    startsAt: new Date(startsAt),
    blocks: blocks.map((block) => ({ ...block, price: BigInt(block.price) })),
  };
}

export function seatsHeldPayload(
  { reservationId, userId }: { readonly reservationId: string; readonly userId: string },
  { concert, schedule, seats, amount, heldAt, heldUntil }: Hold,
  currency: string,
): concert.SeatsHeld {
  return {
    reservationId,
    userId,
    concertId: concert.id,
    title: concert.title,
    venue: concert.venue,
    scheduleId: schedule.id,
    startsAt: schedule.startsAt.toISOString(),
    timeZone: concert.timeZone,
    seats: seats.map((seat) => ({ ...nameOf(seat), price: Number(seat.price) })),
    amount: Number(amount),
    currency,
    heldAt: heldAt.toISOString(),
    heldUntil: heldUntil.toISOString(),
  };
}

/** A seat as the organizer sees it. */
export function seatBody(inventory: SeatInventory, seat: Seat, currency: string, now: Date): Record<string, unknown> {
  const status = statusAt(seat, inventory.claims.on(seat.id), now);
  return { ...nameOf(seat), price: Number(seat.price), currency, status, reason: seat.blockReason };
}

const nameOf = ({ id, section, row, number }: Seat) => ({ seatId: id, section, row, number });

const dateOrNull = (instant: string | null) => (instant === null ? null : new Date(instant));
