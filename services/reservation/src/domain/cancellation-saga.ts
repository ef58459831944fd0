import type { CancellationAction, Effect, Moment } from './effects.js';
import {
  deadlineIn,
  graceEndsAt,
  nextCheck,
  type PendingStep,
  repeatDueAt,
  sent,
  settled,
  stuck,
} from './pending-step.js';
import { beginCancelling, finishCancelling, ImpossibleMove, type Reservation } from './reservation.js';
import { isAwaited, type SagaMessage } from './saga-message.js';
import { type Waiter, withWaiter } from './waiters.js';

export const cancellationStates = ['REFUNDING', 'RELEASING', 'DONE'] as const;
export type CancellationState = (typeof cancellationStates)[number];

/** The cancellation of a paid reservation. Both steps are retriable: once begun it only goes forward. */
export interface Cancellation extends PendingStep {
  readonly reservationId: string;
  readonly paymentId: string;
  readonly state: CancellationState;
  readonly correlationId: string;
  readonly waiters: readonly Waiter[];
  readonly finishedAt: Date | null;
}

/** Every move a cancellation can make, and the request whose reply leads to it. */
export const cancellationSteps: Readonly<
  Record<CancellationState, { readonly action: CancellationAction; readonly next: CancellationState } | null>
> = {
  REFUNDING: { action: 'refund', next: 'RELEASING' },
  RELEASING: { action: 'cancelSeats', next: 'DONE' },
  DONE: null,
};

export interface Cancelling {
  readonly cancellation: Cancellation;
  readonly reservation: Reservation;
}

export interface CancellationDecision extends Cancelling {
  readonly effects: readonly Effect[];
}

export interface CancellationRequest {
  readonly correlationId: string;
  readonly waiter: Waiter | null;
  readonly deadlineSeconds: number;
}

/** CONFIRMED → CANCELLING, and the refund is asked for. */
export function beginCancellation(
  reservation: Reservation,
  { correlationId, waiter, deadlineSeconds }: CancellationRequest,
  { now, newId }: Moment,
): CancellationDecision {
  if (reservation.paymentId === null) throw new Error(`reservation ${reservation.reservationId} has no payment`);
  const cancellation: Cancellation = {
    reservationId: reservation.reservationId,
    paymentId: reservation.paymentId,
    state: 'REFUNDING',
    correlationId,
    waiters: withWaiter([], waiter),
    createdAt: now,
    finishedAt: null,
    nextCheckAt: null,
    ...deadlineIn(deadlineSeconds, now),
    ...sent(newId(), now),
  };
  return asking({ cancellation, reservation: beginCancelling(reservation) }, now);
}

/** An operator has a STUCK cancellation go on: its request again under a new id, with a new deadline. */
export function retryCancellation(
  { cancellation, reservation }: Cancelling,
  deadlineSeconds: number,
  { now, newId }: Moment,
): CancellationDecision {
  const retried = { ...cancellation, ...deadlineIn(deadlineSeconds, now), ...sent(newId(), now) };
  return asking({ cancellation: retried, reservation }, now);
}

/**
 * The next state of a cancellation: pure. A message that is no longer awaited changes nothing.
 * @throws Error on a reply that breaks its contract.
 */
export function decideCancellation(
  cancelling: Cancelling,
  message: SagaMessage,
  now: Date,
  newId: () => string,
): CancellationDecision {
  if (message.kind === 'check') return look(cancelling, now);
  const { cancellation, reservation } = cancelling;
  if (!isAwaited(cancellation, message)) return { ...cancelling, effects: [{ kind: 'stale' }] };
  if (message.kind === 'parked') return waitForOperator(cancelling, message.reason);
  if (message.kind === 'rejected') {
    const step = stepOf(cancellation);
    return waitForOperator(cancelling, `${step.action} was refused with ${message.rejection.code}`);
  }
  if (cancellation.state === 'REFUNDING') {
    const refunded = { ...reservation, refundedAmount: movedBy(message.body) };
    return asking({ cancellation: move(cancellation, sent(newId(), now)), reservation: refunded }, now);
  }
  return {
    cancellation: move(cancellation, { ...settled, waiters: [], finishedAt: now }),
    reservation: finishCancelling(reservation, now),
    effects: [
      { kind: 'tell', waiters: cancellation.waiters },
      { kind: 'reservationEnded', id: newId() },
    ],
  };
}

function movedBy({ moved }: Readonly<Record<string, unknown>>): bigint {
  if (!Number.isSafeInteger(moved)) throw new Error('the answer to Refund does not say how much moved');
  return BigInt(moved as number);
}

function look(cancelling: Cancelling, now: Date): CancellationDecision {
  const { cancellation } = cancelling;
  if (cancellation.finishedAt !== null || cancellation.stuckReason !== null) return { ...cancelling, effects: [] };
  if (now >= graceEndsAt(cancellation)) {
    const { action } = stepOf(cancellation);
    return waitForOperator(cancelling, `no answer to ${action} within the deadline and its grace`);
  }
  if (now < repeatDueAt(cancellation)) return { ...asking(cancelling, now), effects: [] };
  const repeated = { ...cancellation, stepSentAt: now, attempts: cancellation.attempts + 1 };
  return asking({ ...cancelling, cancellation: repeated }, now);
}

function stepOf(cancellation: Cancellation) {
  const step = cancellationSteps[cancellation.state];
  if (!step) throw new ImpossibleMove(`the cancellation of ${cancellation.reservationId} is ${cancellation.state}`);
  return step;
}

const move = (cancellation: Cancellation, changes: Partial<Cancellation>): Cancellation => ({
  ...cancellation,
  ...changes,
  state: stepOf(cancellation).next,
});

/** Sends the request of the state, first or again, and sets the next look. */
function asking({ cancellation, reservation }: Cancelling, now: Date): CancellationDecision {
  const { lastRequestId } = cancellation;
  if (lastRequestId === null) throw new Error(`the cancellation of ${cancellation.reservationId} awaits no reply`);
  return {
    cancellation: { ...cancellation, nextCheckAt: nextCheck(cancellation, graceEndsAt(cancellation), now) },
    reservation,
    effects: [{ kind: 'request', action: stepOf(cancellation).action, id: lastRequestId }],
  };
}

function waitForOperator(cancelling: Cancelling, reason: string): CancellationDecision {
  const { cancellation } = cancelling;
  if (cancellation.stuckReason !== null) return { ...cancelling, effects: [] };
  return { ...cancelling, cancellation: { ...cancellation, ...stuck(reason) }, effects: [{ kind: 'stuck', reason }] };
}
