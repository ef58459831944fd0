import type { Rejection } from '#contracts';
import { scheduleNotFound } from './schedule.js';
import type { SeatInventory } from './seat-inventory.js';
import { alreadyReserved, type Seat, seatNotFound } from './seat.js';

export interface BlockRequest {
  readonly scheduleId: string;
  readonly seatIds: readonly string[];
  readonly blocked: boolean;
  readonly reason: string;
}

/**
 * The organizer takes seats out of sale, all or none, or gives them back. A seat that somebody holds or owns cannot be
 * blocked; a lapsed hold is ended by it. Returns the seats in the order asked for.
 */
export function blockSeats(inventory: SeatInventory, request: BlockRequest, now: Date): Seat[] | Rejection {
  const { scheduleId, blocked, reason } = request;
  if (!inventory.schedule(scheduleId)) return scheduleNotFound(scheduleId);
  const seatIds = [...new Set(request.seatIds)];
  const seats = seatIds.map((seatId) => inventory.seatOf(scheduleId, seatId)).filter((seat) => seat !== undefined);
  if (seats.length < seatIds.length) {
    return seatNotFound(seatIds.filter((seatId) => !inventory.seatOf(scheduleId, seatId)));
  }
  if (!blocked) {
    for (const seat of seats) inventory.unblock(seat);
    return seats;
  }
  const taken = seatIds.filter((seatId) => inventory.claims.on(seatId)?.countsAt(now));
  if (taken.length > 0) return alreadyReserved(taken);
  for (const seat of seats) {
    const lapsed = inventory.claims.on(seat.id);
    if (lapsed) inventory.claims.end(lapsed, 'BLOCKED', now);
    inventory.block(seat, reason);
  }
  return seats;
}
