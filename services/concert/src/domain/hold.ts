import type { Rejection } from '#contracts';
import { Claim, type ClaimEnd } from './claim.js';
import type { Concert } from './concert.js';
import { mayHold } from './hold-rules.js';
import { type Schedule, scheduleNotFound } from './schedule.js';
import type { SeatInventory } from './seat-inventory.js';
import type { Seat } from './seat.js';

/** What the organizer's house allows a buyer. */
export interface HoldTerms {
  readonly holdSeconds: number;
  readonly ticketLimit: number;
}

export interface HoldRequest {
  readonly scheduleId: string;
  /** The concert of the visitor's queue token. */
  readonly concertId: string;
  readonly reservationId: string;
  readonly userId: string;
  readonly seatIds: readonly string[];
}

/** Seats that became a reservation's, for everything that must be told about them. */
export interface Hold {
  readonly concert: Concert;
  readonly schedule: Schedule;
  readonly seats: readonly Seat[];
  /** Sum of the prices, minor units. */
  readonly amount: bigint;
  readonly heldAt: Date;
  readonly heldUntil: Date;
}

export interface Moment {
  readonly now: Date;
  newId(): string;
}

/**
 * Holds all the seats or none. A hold ends its own user's lapsed holds of the schedule (they no longer count towards the
 * limit, and must not come back by a late payment), and takes lapsed seats over from whoever had them.
 */
export function holdSeats(
  inventory: SeatInventory,
  request: HoldRequest,
  terms: HoldTerms,
  moment: Moment,
): Hold | Rejection {
  const { now } = moment;
  const { userId, reservationId } = request;
  const schedule = inventory.schedule(request.scheduleId);
  const concert = schedule && inventory.concert(schedule.concertId);
  if (!schedule || !concert) return scheduleNotFound(request.scheduleId);

  const seatIds = [...new Set(request.seatIds)];
  const tokenConcertId = request.concertId;
  const { ticketLimit } = terms;
  const no = mayHold({ inventory, schedule, concert, tokenConcertId, userId, seatIds, now, ticketLimit });
  if (no) return no;

  endLapsedHoldsOf(inventory, schedule.id, userId, now);
  const heldUntil = new Date(now.getTime() + terms.holdSeconds * 1_000);
  const seats = seatIds.map((seatId) => inventory.seatOf(schedule.id, seatId)!);
  for (const seat of seats) {
    const lapsed = inventory.claims.on(seat.id);
    if (lapsed) inventory.claims.end(lapsed, 'TAKEN_OVER', now);
    const claimed = { id: moment.newId(), seatId: seat.id, scheduleId: schedule.id, reservationId, userId };
    inventory.claim(seat, new Claim({ ...claimed, status: 'HELD', heldUntil, paymentId: null }));
  }
  const amount = seats.reduce((sum, { price }) => sum + price, 0n);
  return { concert, schedule, seats, amount, heldAt: now, heldUntil };
}

function endLapsedHoldsOf(inventory: SeatInventory, scheduleId: string, userId: string, now: Date): void {
  for (const claim of inventory.claims.ofBuyer(scheduleId, userId)) {
    if (claim.lapsedAt(now)) inventory.claims.end(claim, 'LAPSED', now);
  }
}

interface ReservationOfSchedule {
  readonly scheduleId: string;
  readonly reservationId: string;
}

/** A payment began in time: what the reservation still holds, lapsed or not, stays held at least until `until`. */
export function extendHold(inventory: SeatInventory, request: ReservationOfSchedule, until: Date): void {
  for (const claim of holdsOf(inventory, request)) inventory.claims.extend(claim, until);
}

/**
 * Undoes the extension to `extendedTo`: the hold ends at `until` again. One that was extended further, by a newer payment,
 * or not at all, stays as it is.
 */
export function restoreHold(
  inventory: SeatInventory,
  request: ReservationOfSchedule,
  extendedTo: Date,
  until: Date,
): void {
  for (const claim of holdsOf(inventory, request)) {
    if (claim.heldUntil.getTime() === extendedTo.getTime()) inventory.claims.endHoldAt(claim, until);
  }
}

/** Ends what the reservation holds, never what it bought. Returns the ids of the seats that became free. */
export function releaseHold(
  inventory: SeatInventory,
  request: ReservationOfSchedule,
  reason: ClaimEnd,
  now: Date,
): string[] {
  const holds = holdsOf(inventory, request);
  for (const claim of holds) inventory.claims.end(claim, reason, now);
  return holds.map(({ seatId }) => seatId);
}

function holdsOf(inventory: SeatInventory, { scheduleId, reservationId }: ReservationOfSchedule): Claim[] {
  return inventory.claims.ofReservation(scheduleId, reservationId).filter(({ status }) => status === 'HELD');
}
