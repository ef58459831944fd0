import type { Rejection } from '#contracts';
import type { SeatInventory } from './seat-inventory.js';

interface PaymentOfReservation {
  readonly scheduleId: string;
  readonly reservationId: string;
  readonly paymentId: string;
}

/** Sells the seats to the reservation that holds all of them, however late it is. Null when they are (or were) sold to this payment. */
export function confirmSeats(
  inventory: SeatInventory,
  request: PaymentOfReservation & { readonly seatIds: readonly string[] },
): Rejection | null {
  const { scheduleId, reservationId, paymentId } = request;
  const decided = inventory.confirmation(paymentId);
  if (decided) return decided.result === 'confirmed' ? null : expiredReservation(paymentId);

  const held = inventory.claims.ofReservation(scheduleId, reservationId).filter(({ status }) => status === 'HELD');
  const holdBySeat = new Map(held.map((claim) => [claim.seatId, claim]));
  const seatIds = [...new Set(request.seatIds)];
  const holdsAll = seatIds.every((seatId) => holdBySeat.has(seatId));
  inventory.addConfirmation({ paymentId, result: holdsAll ? 'confirmed' : 'refused' });
  if (!holdsAll) return expiredReservation(paymentId);

  for (const seatId of seatIds) inventory.claims.sell(holdBySeat.get(seatId)!, paymentId);
  return null;
}

/**
 * The saga doubts that its ConfirmSeats arrived. True: it did, the seats are sold. False: it did not or was refused, and
 * from now on it will be refused.
 */
export function revokeConfirm(inventory: SeatInventory, { paymentId }: { readonly paymentId: string }): boolean {
  const decided = inventory.confirmation(paymentId);
  if (decided) return decided.result === 'confirmed';
  inventory.addConfirmation({ paymentId, result: 'refused' });
  return false;
}

/** A paid reservation gives its seats back. Seats that it no longer has are no fault: the request may be a repeat. */
export function cancelSeats(inventory: SeatInventory, request: PaymentOfReservation, now: Date): void {
  for (const claim of inventory.claims.ofReservation(request.scheduleId, request.reservationId)) {
    if (claim.status === 'SOLD' && claim.paymentId === request.paymentId) inventory.claims.end(claim, 'CANCELLED', now);
  }
}

const expiredReservation = (paymentId: string): Rejection => ({
  code: 'EXPIRED_RESERVATION',
  detail: 'The reservation no longer holds its seats.',
  members: { paymentId },
});
