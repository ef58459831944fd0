import type { Operation } from '../history.js';
import {
  before,
  endOf,
  type Evidence,
  isCompensated,
  isCompleted,
  isUndecided,
  type Violation,
  violation,
} from './evidence.js';

/** What somebody was told of a reservation or payment. */
interface Sighting {
  readonly status: string;
  readonly by: Operation;
}

const anyReservation = ['WAITING', 'PAYING', 'CONFIRMED', 'EXPIRED', 'CANCELLING', 'CANCELLED'];
/** What can be seen after each status was: itself, and all that it leads to. */
const mayFollow: Readonly<Record<string, readonly string[]>> = {
  WAITING: anyReservation,
  PAYING: anyReservation,
  CONFIRMED: ['CONFIRMED', 'CANCELLING', 'CANCELLED'],
  EXPIRED: ['EXPIRED'],
  CANCELLING: ['CANCELLING', 'CANCELLED'],
  CANCELLED: ['CANCELLED'],
  PROCESSING: ['PROCESSING', 'COMPLETED', 'REJECTED', 'COMPENSATED'],
  COMPLETED: ['COMPLETED'],
  REJECTED: ['REJECTED'],
  COMPENSATED: ['COMPENSATED'],
};

/** Nothing that was told is missing later, goes back in time, or came from nowhere. */
export function checkReads(evidence: Evidence): Violation[] {
  return [
    ...evidence.operations.filter(({ kind, status }) => kind.startsWith('read-') && status === 404).map(notFound),
    ...evidence.fans.flatMap((fan) => checkFinalList(fan, evidence)),
    ...[...evidence.holds.keys()].flatMap((reservationId) => checkReservation(reservationId, evidence)),
    ...checkPayments(evidence),
  ];
}

const notFound = (read: Operation) => violation('vanished', JSON.stringify(read.request), read);

function checkFinalList(fan: string, evidence: Evidence): Violation[] {
  const pages = evidence.of(fan, 'read-reservations').filter(({ final }) => final);
  if (pages.length === 0 || pages.some(isUndecided)) {
    return [violation('never read', `the reservations of ${fan}`, ...pages)];
  }
  const listed = new Map(pages.flatMap(({ answer }) => answer?.items ?? []).map((item) => [item.reservationId, item]));
  const violations: Violation[] = [];
  for (const { reservationId, operation, seatIds, amount } of evidence.holds.values()) {
    if (operation.fan !== fan) continue;
    const item = listed.get(reservationId);
    listed.delete(reservationId);
    if (!item) violations.push(violation('vanished', `reservation ${reservationId}`, operation, ...pages));
    else if (item.amount !== amount || `${item.seatIds}` !== `${seatIds}`) {
      violations.push(violation('another reservation than was held', reservationId, operation, ...pages));
    }
  }
  const undecided = evidence.of(fan, 'hold').filter(isUndecided);
  for (const { reservationId, seatIds = [] } of listed.values()) {
    const asked = undecided.some(
      ({ request }) => [...(request.seatIds ?? [])].sort().join() === [...seatIds].sort().join(),
    );
    if (!asked) violations.push(violation('a reservation that nobody asked for', `${reservationId}`, ...pages));
  }
  return violations;
}

function checkReservation(reservationId: string, evidence: Evidence): Violation[] {
  const { operation, amount, fan } = evidence.holds.get(reservationId)!;
  const payments = evidence.payments(reservationId);
  const cancels = evidence.cancellations(reservationId);
  const lists = evidence.of(fan, 'read-reservations');
  const sightings: Sighting[] = [
    { status: 'WAITING', by: operation },
    ...payments.filter(isCompleted).map((by) => ({ status: 'CONFIRMED', by })),
    ...[...cancels, ...evidence.about(reservationId, 'read-reservation')].map((by) => ({ status: seenBy(by), by })),
    ...lists
      .flatMap((by) => (by.answer?.items ?? []).map((item) => ({ item, by })))
      .filter(({ item }) => item.reservationId === reservationId)
      .map(({ item, by }) => ({ status: item.status ?? '', by })),
  ].filter(({ status }) => status !== '');
  const isPaid = payments.some(isCompleted);
  return [
    ...goneBack(reservationId, sightings, [...payments, ...evidence.about(reservationId, 'cancel')]),
    ...sightings.flatMap((sighting) => fromNowhere(reservationId, sighting, payments, cancels)),
    ...cancels
      .filter(({ status, answer }) => status === 200 && answer?.refundedAmount !== (isPaid ? amount : 0))
      .filter(() => isPaid || !payments.some(isUndecided))
      .map((cancel) => violation('a wrong refund', `${cancel.answer?.refundedAmount} of ${reservationId}`, cancel)),
    ...paidTwice(reservationId, payments),
  ];
}

const seenBy = ({ status, answer }: Operation) => (status === 200 ? (answer?.status ?? '') : '');

/**
 * Of two sightings one of which was over before the other began, the later must show what the earlier leads to. A hold past
 * its end reads EXPIRED while a command that was in time is still being decided: such a sighting binds nobody.
 */
function goneBack(what: string, sightings: readonly Sighting[], commands: readonly Operation[]): Violation[] {
  return sightings.flatMap((earlier) => {
    const underWay = (command: Operation) => !before(command, earlier.by) && !before(earlier.by, command);
    if (earlier.status === 'EXPIRED' && commands.some(underWay)) return [];
    return sightings
      .filter((later) => before(earlier.by, later.by) && !mayFollow[earlier.status]?.includes(later.status))
      .map((later) => violation('gone back', `${what}: ${earlier.status}, then ${later.status}`, earlier.by, later.by));
  });
}

/** Nobody's reservation is paid, being paid or cancelled unless somebody asked for it by then. */
function fromNowhere(
  reservationId: string,
  { status, by }: Sighting,
  payments: readonly Operation[],
  cancels: readonly Operation[],
): Violation[] {
  const asked = ({ invokedAt }: Operation) => invokedAt <= endOf(by);
  const made = (payment: Operation) => asked(payment) && (isCompleted(payment) || isUndecided(payment));
  const running = (payment: Operation) => asked(payment) && !before(payment, by);
  const reasons: Readonly<Record<string, () => boolean>> = {
    CONFIRMED: () => payments.some(made),
    PAYING: () => payments.some(running),
    CANCELLING: () => cancels.some(asked),
    CANCELLED: () => cancels.some(asked),
  };
  if (reasons[status]?.() ?? true) return [];
  return [violation('came from nowhere', `${reservationId} is ${status}`, by)];
}

function paidTwice(reservationId: string, payments: readonly Operation[]): Violation[] {
  const completed = payments.filter(isCompleted);
  if (new Set(completed.map(({ answer }) => answer?.paymentId)).size <= 1) return [];
  return [violation('paid twice', reservationId, ...completed)];
}

function checkPayments({ operations }: Evidence): Violation[] {
  const told = operations.flatMap((by) => {
    const paymentId =
      by.kind === 'read-payment' ? by.request.paymentId : by.kind === 'pay' ? by.answer?.paymentId : null;
    const status = paymentStatusBy(by);
    return paymentId && status ? [{ paymentId, status, by }] : [];
  });
  const groups = Map.groupBy(told, ({ paymentId }) => paymentId);
  return [...groups].flatMap(([paymentId, sightings]) => goneBack(`payment ${paymentId}`, sightings, []));
}

function paymentStatusBy(operation: Operation): string | undefined {
  if (operation.status === 402) return 'REJECTED';
  if (isCompensated(operation)) return 'COMPENSATED';
  return operation.answer?.status;
}
