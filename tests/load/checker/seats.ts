import type { Operation } from '../history.js';
import {
  endOf,
  type Evidence,
  type Held,
  isCompensated,
  isCompleted,
  isUndecided,
  type Violation,
  violation,
} from './evidence.js';

/** Two clocks that run at almost the same pace: how far apart they may be at the end of a hold, ms. */
const CLOCKS_APART_MS = 50;

/** A seat has one owner at a time, and who was told that it is taken was told so while somebody could have had it. */
export function checkSeats(evidence: Evidence): Violation[] {
  return [...twoOwners(evidence), ...noOwner(evidence), ...wrongEnds(evidence)];
}

function twoOwners(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  for (const [seatId, holds] of bySeat([...evidence.holds.values()], ({ seatIds }) => seatIds)) {
    const inOrder = holds.sort((one, other) => one.createdAt - other.createdAt);
    for (const [index, earlier] of inOrder.entries()) {
      for (const later of inOrder.slice(index + 1)) {
        if (mayHaveEndedBefore(earlier, later, evidence)) continue;
        const { payments, cancellations } = storyOf(earlier, evidence);
        const witnesses = [earlier.operation, later.operation, ...payments.filter(isCompleted), ...cancellations];
        violations.push(violation('two owners of one seat', `seat ${seatId}`, ...witnesses));
      }
    }
  }
  return violations;
}

/**
 * A paid one ends by its cancellation alone; an unpaid one also by its time, which both answers tell by the same clock, or
 * by a payment that lost its seats. A cancellation frees no seat before it is asked for.
 */
function mayHaveEndedBefore(earlier: Held, later: Held, evidence: Evidence): boolean {
  const { payments, cancellations } = storyOf(earlier, evidence);
  const begunInTime = ({ invokedAt }: Operation) => invokedAt <= endOf(later.operation);
  if (cancellations.some(begunInTime)) return true;
  if (payments.some(isCompleted)) return false;
  const lost = payments.filter((payment) => isCompensated(payment) || isUndecided(payment));
  return earlier.expiresAt <= later.createdAt || lost.some(begunInTime);
}

function noOwner(evidence: Evidence): Violation[] {
  const holds = evidence.operations.filter(({ kind }) => kind === 'hold');
  const possible = bySeat(
    holds.filter((hold) => hold.status === 201 || isUndecided(hold)),
    ({ request }) => request.seatIds ?? [],
  );
  const violations: Violation[] = [];
  for (const refused of holds.filter(({ answer }) => answer?.code === 'ALREADY_RESERVED_SEAT')) {
    const { seatIds: named = [] } = refused.answer!;
    if (named.length === 0 || named.some((seatId) => !refused.request.seatIds?.includes(seatId))) {
      violations.push(violation('a refusal of other seats', `it names ${named.join(', ') || 'none'}`, refused));
    }
    for (const seatId of named) {
      const owners = possible.get(seatId) ?? [];
      const could = (owner: Operation) =>
        owner.invokedAt <= endOf(refused) && latestEndOf(owner, evidence) >= refused.invokedAt;
      if (!owners.some(could)) {
        violations.push(violation('a seat refused that nobody could own', `seat ${seatId}`, refused, ...owners));
      }
    }
  }
  return violations;
}

/** When a hold's seats were free again at the latest, ms of the load's clock. */
function latestEndOf(hold: Operation, evidence: Evidence): number {
  const held = evidence.holds.get(hold.answer?.reservationId ?? '');
  if (!held) return Infinity;
  const { payments, cancellations } = storyOf(held, evidence);
  const cancelled = Math.min(...cancellations.map(endOf));
  if (payments.some((payment) => isCompleted(payment) || isUndecided(payment))) return cancelled;
  // A payment extends the hold to its deadline, and gives the rest back some time after it was refused.
  const extended = payments
    .filter((payment) => payment.status === 402 || isCompensated(payment))
    .map((payment) => endOf(payment) + evidence.paymentDeadlineMs);
  return Math.min(cancelled, Math.max(latestExpiryOf(held), ...extended) + CLOCKS_APART_MS);
}

/** "Expired" is said only of a hold whose time is over, and no payment begins after it. */
function wrongEnds(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  for (const held of evidence.holds.values()) {
    const earliest = held.operation.invokedAt + held.expiresAt - held.createdAt;
    const payments = evidence.payments(held.reservationId);
    const mayHaveLostSeats = payments.some((payment) => isCompensated(payment) || isUndecided(payment));
    for (const payment of payments) {
      const expired = !mayHaveLostSeats && payment.status === 410 && !payment.answer?.paymentId;
      if (expired && endOf(payment) + CLOCKS_APART_MS < earliest) {
        violations.push(violation('expired before its time', held.reservationId, held.operation, payment));
      }
      if (payment.status === 201 && payment.invokedAt > latestExpiryOf(held) + CLOCKS_APART_MS) {
        violations.push(violation('paid after its time', held.reservationId, held.operation, payment));
      }
    }
  }
  return violations;
}

const latestExpiryOf = ({ operation, createdAt, expiresAt }: Held) => endOf(operation) + expiresAt - createdAt;

function storyOf({ reservationId }: Held, evidence: Evidence) {
  return { payments: evidence.payments(reservationId), cancellations: evidence.cancellations(reservationId) };
}

function bySeat<T>(all: readonly T[], seatsOf: (one: T) => readonly string[]): Map<string, T[]> {
  const pairs = all.flatMap((one) => seatsOf(one).map((seatId) => ({ seatId, one })));
  const groups = Map.groupBy(pairs, ({ seatId }) => seatId);
  return new Map([...groups].map(([seatId, group]) => [seatId, group.map(({ one }) => one)]));
}
