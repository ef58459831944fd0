import type { Rejection } from '#contracts';
import { Claim, type ClaimRecord } from '../src/domain/claim.js';
import type { Concert } from '../src/domain/concert.js';
import { type Hold, holdSeats, type HoldRequest, type HoldTerms } from '../src/domain/hold.js';
import type { Schedule } from '../src/domain/schedule.js';
import { type LoadedInventory, SeatInventory } from '../src/domain/seat-inventory.js';
import type { Seat } from '../src/domain/seat.js';

export const noon = new Date('2026-11-23T12:00:00.000Z');

/** Seconds after noon; before it when negative. */
export const after = (seconds: number): Date => new Date(noon.getTime() + seconds * 1_000);

/** A UUIDv7 that differs by `number` only. */
export function anId(number: number): string {
  return `0198c0de-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

export const concertId = anId(0xc0);
export const scheduleId = anId(0x5c);
/** Ids of seats 1, 2, 3, … of the schedule. */
export const seat = (number: number): string => anId(0x5ea0000 + number);
/** Ids of reservations 1, 2, 3, … */
export const reservation = (number: number): string => anId(0x4e50000 + number);
/** Ids of payments 1, 2, 3, … */
export const payment = (number: number): string => anId(0x9a40000 + number);

export const terms: HoldTerms = { holdSeconds: 300, ticketLimit: 4 };

let drawn = 0;
/** A moment with ids that count up. */
export function aMoment(now = noon) {
  return { now, newId: () => anId(0xf0000000 + (drawn += 1)) };
}

export function aConcert(concert: Partial<Concert> = {}): Concert & { schedules: number } {
  const named = {
    id: concertId,
    title: 'Winter Tour',
    artist: 'The Larks',
    venue: 'Olympic Hall',
    timeZone: 'Asia/Seoul',
  };
  return { ...named, salesOpenAt: null, salesCloseAt: null, schedules: 1, ...concert };
}

export function aSchedule(schedule: Partial<Schedule> = {}): Schedule {
  return { id: scheduleId, concertId, startsAt: new Date('2026-12-24T10:00:00.000Z'), seatsTotal: 10, ...schedule };
}

/** Seat `number` of row 1, section A, at 1000 times its number. */
export function aSeat(number: number, changes: Partial<Seat> = {}): Seat {
  const name = { section: 'A', row: '1', number, price: BigInt(number) * 1_000n };
  return { id: seat(number), scheduleId, ...name, blocked: false, blockReason: null, ...changes };
}

export const aBlockedSeat = (number: number) => aSeat(number, { blocked: true, blockReason: 'camera' });

/** A live hold of seat `number`, by bob as reservation 9, for another minute. */
export function aHeldClaim(number: number, changes: Partial<ClaimRecord> = {}): Claim {
  const by = { reservationId: reservation(9), userId: 'bob' };
  const held = { status: 'HELD' as const, heldUntil: after(60), paymentId: null };
  return new Claim({ id: anId(0xc1a0000 + number), seatId: seat(number), scheduleId, ...by, ...held, ...changes });
}

/** Bob's hold of seat `number`, whose end came a second ago. */
export const aLapsedClaim = (number: number, changes: Partial<ClaimRecord> = {}) =>
  aHeldClaim(number, { heldUntil: after(-1), ...changes });

/** Seat `number` sold to bob's reservation 9 by payment 9. */
export const aSoldClaim = (number: number, changes: Partial<ClaimRecord> = {}) =>
  aHeldClaim(number, { status: 'SOLD', paymentId: payment(9), ...changes });

/** One concert with one schedule of ten free seats, but for what is said otherwise. */
export function anInventory(loaded: Partial<LoadedInventory> = {}): SeatInventory {
  const seats = Array.from({ length: 10 }, (_, index) => aSeat(index + 1));
  const catalogue = { concerts: [aConcert()], schedules: [aSchedule()] };
  return new SeatInventory({ ...catalogue, seats, claims: [], confirmations: [], ...loaded });
}

/** Ada asks for seat 1 as reservation 1, with a pass for this concert. */
export function aRequest(request: Partial<HoldRequest> = {}): HoldRequest {
  return { scheduleId, concertId, reservationId: reservation(1), userId: 'ada', seatIds: [seat(1)], ...request };
}

export function hold(inventory: SeatInventory, request: Partial<HoldRequest> = {}, now = noon): Hold | Rejection {
  return holdSeats(inventory, aRequest(request), terms, aMoment(now));
}

/** What is said of seats 1 to `count` by their live claims: `-`, or the reservation's number with `!` when sold. */
export function claimsOn(inventory: SeatInventory, count = 3): string {
  return Array.from({ length: count }, (_, index) => inventory.claims.on(seat(index + 1)))
    .map((claim) =>
      claim ? `${Number.parseInt(claim.reservationId.slice(-4), 16)}${claim.status === 'SOLD' ? '!' : ''}` : '-',
    )
    .join(' ');
}
