import type { PlaceReference, Rejection } from '#contracts';
import type { PendingStep } from './pending-step.js';
import { ImpossibleMove } from './reservation.js';
import type { Waiter } from './waiters.js';

/** States in which the saga awaits a reply. */
export const openPaymentStates = ['DEBITING', 'CONFIRMING', 'REVOKING', 'REFUNDING', 'EXPIRING_TOKEN'] as const;
export type OpenPaymentState = (typeof openPaymentStates)[number];
export const paymentStates = [...openPaymentStates, 'COMPLETED', 'REJECTED', 'COMPENSATED'] as const;
export type PaymentState = (typeof paymentStates)[number];

/** What the owner sees. A payment is COMPLETED from the confirmation on, though its token may still have to be expired. */
export const paymentStatuses = ['PROCESSING', 'COMPLETED', 'REJECTED', 'COMPENSATED'] as const;
export type PaymentStatus = (typeof paymentStatuses)[number];

/** What happened, in the words of the timeline. */
export type PaymentEvent =
  | 'PAYMENT_STARTED'
  | 'WALLET_DEBITED'
  | 'DEBIT_REFUSED'
  | 'SEATS_CONFIRMED'
  | 'SEATS_REFUSED'
  | 'DEADLINE_PASSED'
  | 'CONFIRMATION_STANDS'
  | 'CONFIRMATION_REVOKED'
  | 'REFUNDED'
  | 'TOKEN_EXPIRED'
  | 'WAITS_FOR_OPERATOR'
  | 'RETRIED_BY_OPERATOR'
  | 'COMPENSATED_BY_OPERATOR';

export interface TimelineEntry {
  readonly at: Date;
  /** The state after it. */
  readonly state: PaymentState;
  readonly event: PaymentEvent;
  readonly messageId: string;
}

/** One attempt to pay a reservation: the payment saga's state. */
export interface Payment extends PendingStep {
  readonly paymentId: string;
  readonly reservationId: string;
  readonly userId: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly state: PaymentState;
  /** The place in line whose token the payment spends. */
  readonly place: PlaceReference;
  /** The StartPayment that began it: a repeat of that command finds its payment by it. */
  readonly startMessageId: string;
  readonly correlationId: string;
  /** Who is to be told the decision. Empty once told. */
  readonly waiters: readonly Waiter[];
  /** The rejection that was answered, whole, so that a repeat is answered the same. */
  readonly failure: Rejection | null;
  readonly paidAt: Date | null;
  /** When the saga had nothing more to do. */
  readonly finishedAt: Date | null;
  /** Append-only, oldest first. */
  readonly timeline: readonly TimelineEntry[];
}

/** Every move a payment can make. */
export const paymentTransitions: Readonly<Record<PaymentState, readonly PaymentState[]>> = {
  DEBITING: ['CONFIRMING', 'REJECTED', 'REFUNDING'],
  CONFIRMING: ['EXPIRING_TOKEN', 'REFUNDING', 'REVOKING'],
  REVOKING: ['EXPIRING_TOKEN', 'REFUNDING'],
  REFUNDING: ['COMPENSATED'],
  EXPIRING_TOKEN: ['COMPLETED'],
  COMPLETED: [],
  REJECTED: [],
  COMPENSATED: [],
};

/**
 * @throws ImpossibleMove when the transition table does not know the move.
 */
export function movePayment(payment: Payment, to: PaymentState, changes: Partial<Payment>): Payment {
  if (!paymentTransitions[payment.state].includes(to)) {
    throw new ImpossibleMove(`payment ${payment.paymentId} cannot go from ${payment.state} to ${to}`);
  }
  return { ...payment, ...changes, state: to };
}

/** Notes what just happened; the entry shows the state the payment is in now. */
export function noted(payment: Payment, event: PaymentEvent, messageId: string, at: Date): Payment {
  return { ...payment, timeline: [...payment.timeline, { at, state: payment.state, event, messageId }] };
}

export const isOpen = (payment: Payment): payment is Payment & { readonly state: OpenPaymentState } =>
  payment.finishedAt === null;

const statuses: Readonly<Record<PaymentState, PaymentStatus>> = {
  DEBITING: 'PROCESSING',
  CONFIRMING: 'PROCESSING',
  REVOKING: 'PROCESSING',
  REFUNDING: 'PROCESSING',
  EXPIRING_TOKEN: 'COMPLETED',
  COMPLETED: 'COMPLETED',
  REJECTED: 'REJECTED',
  COMPENSATED: 'COMPENSATED',
};

/** A STUCK payment reads PROCESSING until it is decided. */
export const paymentStatus = (payment: Payment): PaymentStatus => statuses[payment.state];

export const statesShownAs = (status: PaymentStatus): PaymentState[] =>
  paymentStates.filter((state) => statuses[state] === status);
