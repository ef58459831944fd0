import type { PlaceReference, Rejection } from '#contracts';
import { type Effect, expiryEffects, type Moment, type PaymentAction } from './effects.js';
import { isOpen, movePayment, noted, type OpenPaymentState, type Payment, type PaymentEvent } from './payment.js';
import { deadlineIn, graceEndsAt, nextCheck, repeatDueAt, sent, settled, stuck } from './pending-step.js';
import { confirm, expire, giveBack, type Reservation, takeForPayment } from './reservation.js';
import { isAwaited, type SagaMessage, type SagaReply } from './saga-message.js';
import { type Waiter, withWaiter } from './waiters.js';

interface PaymentStep {
  readonly state: OpenPaymentState;
  readonly action: PaymentAction;
  readonly undo: { readonly state: OpenPaymentState; readonly action: PaymentAction } | null;
  readonly kind: 'compensatable' | 'pivot' | 'retriable';
}

/**
 * The saga: what each step asks for, and what undoes it when the deadline passes without an answer.
 *
 * Local steps stand around them: WAITING → PAYING before the first (undone by giving the reservation back), and
 * PAYING → CONFIRMED with the pivot's reply. The pivot is never compensated, only asked about: `revokeConfirm` says whether
 * it happened. After it the saga only goes forward, so expiring the token has no undo and is repeated until acknowledged.
 */
export const paymentSteps: readonly PaymentStep[] = [
  { state: 'DEBITING', action: 'debit', undo: { state: 'REFUNDING', action: 'refund' }, kind: 'compensatable' },
  { state: 'CONFIRMING', action: 'confirmSeats', undo: { state: 'REVOKING', action: 'revokeConfirm' }, kind: 'pivot' },
  { state: 'EXPIRING_TOKEN', action: 'expireToken', undo: null, kind: 'retriable' },
];

/** The request whose reply a state awaits. */
export const requestIn = Object.fromEntries(
  paymentSteps.flatMap(({ state, action, undo }) => [[state, action], ...(undo ? [[undo.state, undo.action]] : [])]),
) as Readonly<Record<OpenPaymentState, PaymentAction>>;

/** The two rows a payment moves. */
export interface Purchase {
  readonly payment: Payment;
  readonly reservation: Reservation;
}

export interface SagaDecision extends Purchase {
  readonly effects: readonly Effect[];
}

export interface PaymentAttempt {
  readonly paymentId: string;
  readonly place: PlaceReference;
  readonly correlationId: string;
  readonly waiter: Waiter | null;
  readonly deadlineSeconds: number;
}

/** Takes a reservation that the payment rules allow to be paid, and asks for the debit. */
export function begin(reservation: Reservation, attempt: PaymentAttempt, moment: Moment): SagaDecision {
  const { now, messageId } = moment;
  const { waiter, deadlineSeconds, ...given } = attempt;
  const payment: Payment = {
    ...given,
    reservationId: reservation.reservationId,
    userId: reservation.userId,
    amount: reservation.amount,
    currency: reservation.currency,
    state: 'DEBITING',
    startMessageId: messageId,
    waiters: withWaiter([], waiter),
    failure: null,
    createdAt: now,
    paidAt: null,
    finishedAt: null,
    nextCheckAt: null,
    timeline: [],
    ...deadlineIn(deadlineSeconds, now),
    ...sent(moment.newId(), now),
  };
  const begun = awaiting(noted(payment, 'PAYMENT_STARTED', messageId, now), now);
  return {
    payment: begun,
    reservation: takeForPayment(reservation, payment.paymentId),
    effects: [request(begun), keepSeats(begun, moment)],
  };
}

/** A payment begun in time keeps its seats until its deadline. Nobody waits for it: were it lost, the confirmation decides. */
export const keepSeats = ({ deadlineAt }: Payment, { newId }: Pick<Moment, 'newId'>): Effect => ({
  kind: 'extendHold',
  id: newId(),
  until: deadlineAt,
});

/**
 * The next state of a payment: pure. A message that is no longer awaited changes nothing.
 * @throws Error on a reply that breaks its contract, ImpossibleMove on a bug.
 */
export function decide(purchase: Purchase, message: SagaMessage, now: Date, newId: () => string): SagaDecision {
  const moment = { now, newId, messageId: message.id };
  if (message.kind === 'check') return look(purchase, moment);
  const { payment } = purchase;
  if (!isOpen(payment) || !isAwaited(payment, message)) return { ...purchase, effects: [{ kind: 'stale' }] };
  if (message.kind === 'parked') return waitForOperator(purchase, message.reason, moment);
  return message.kind === 'answered'
    ? onAnswer[payment.state](purchase, message, moment)
    : onRejection[payment.state](purchase, message, moment);
}

type Answered = Extract<SagaReply, { kind: 'answered' }>;
type Rejected = Extract<SagaReply, { kind: 'rejected' }>;
type Reaction<Reply> = (purchase: Purchase, reply: Reply, moment: Moment) => SagaDecision;

const onAnswer: Readonly<Record<OpenPaymentState, Reaction<Answered>>> = {
  DEBITING: (purchase, _reply, moment) => turn(purchase, 'CONFIRMING', 'WALLET_DEBITED', moment),
  CONFIRMING: (purchase, _reply, moment) => goForward(purchase, 'SEATS_CONFIRMED', moment),
  REVOKING: (purchase, { body }, moment) =>
    wasConfirmed(body)
      ? goForward(purchase, 'CONFIRMATION_STANDS', moment)
      : turn(purchase, 'REFUNDING', 'CONFIRMATION_REVOKED', moment),
  REFUNDING: (purchase, _reply, moment) => endCompensated(purchase, moment),
  EXPIRING_TOKEN: (purchase, _reply, moment) => complete(purchase, moment),
};

const onRejection: Readonly<Record<OpenPaymentState, Reaction<Rejected>>> = {
  DEBITING: (purchase, { rejection }, moment) =>
    rejection.code === 'NOT_ENOUGH_BALANCE'
      ? endRejected(purchase, rejection, moment)
      : // No such answer is known. A refund is right whether or not money moved.
        turn(purchase, 'REFUNDING', 'DEBIT_REFUSED', moment),
  CONFIRMING: (purchase, _reply, moment) => turn(purchase, 'REFUNDING', 'SEATS_REFUSED', moment),
  REVOKING: (purchase, reply, moment) => waitForOperator(purchase, refused('RevokeConfirm', reply), moment),
  REFUNDING: (purchase, reply, moment) => waitForOperator(purchase, refused('Refund', reply), moment),
  // A token that the queue service will not expire is no reason to ask again: it has answered.
  EXPIRING_TOKEN: (purchase, _reply, moment) => complete(purchase, moment),
};

const refused = (what: string, { rejection }: Rejected) => `${what} was refused with ${rejection.code}`;

function wasConfirmed(body: Readonly<Record<string, unknown>>): boolean {
  if (typeof body.confirmed !== 'boolean')
    throw new Error('the answer to RevokeConfirm does not say whether it was confirmed');
  return body.confirmed;
}

/** The timer looks: repeat the overdue step, turn back past the deadline, stop asking past the grace. */
function look(purchase: Purchase, moment: Moment): SagaDecision {
  const { payment } = purchase;
  if (!isOpen(payment) || payment.stuckReason !== null) return { ...purchase, effects: [] };
  const { now } = moment;
  const undo = undoOf(payment.state);
  if (undo && now >= payment.deadlineAt) return turn(purchase, undo.state, 'DEADLINE_PASSED', moment);
  if (isTurningBack(payment.state) && now >= graceEndsAt(payment)) {
    return waitForOperator(
      purchase,
      `no answer to ${requestIn[payment.state]} within the deadline and its grace`,
      moment,
    );
  }
  if (now < repeatDueAt(payment)) return { ...purchase, payment: awaiting(payment, now), effects: [] };
  const repeated = awaiting({ ...payment, stepSentAt: now, attempts: payment.attempts + 1 }, now);
  return { ...purchase, payment: repeated, effects: [request(repeated)] };
}

export const undoOf = (state: OpenPaymentState) => paymentSteps.find((step) => step.state === state)?.undo ?? null;

const isTurningBack = (state: OpenPaymentState) => paymentSteps.every((step) => step.state !== state);

/** Into another open state, with that state's request. */
export function turn(purchase: Purchase, to: OpenPaymentState, event: PaymentEvent, moment: Moment): SagaDecision {
  return ask({ ...purchase, payment: movePayment(purchase.payment, to, {}) }, event, moment);
}

/** The state's request under a new id: replies to an earlier one are stale from now on. */
export function ask(purchase: Purchase, event: PaymentEvent, { now, messageId, newId }: Moment): SagaDecision {
  const asking = { ...purchase.payment, ...sent(newId(), now) };
  const payment = awaiting(noted(asking, event, messageId, now), now);
  return { ...purchase, payment, effects: [request(payment)] };
}

/** The seats are sold to this payment: the reservation is CONFIRMED and the clients are told, before the token is spent. */
function goForward(purchase: Purchase, event: PaymentEvent, moment: Moment): SagaDecision {
  const { now } = moment;
  const forward = turn(purchase, 'EXPIRING_TOKEN', event, moment);
  return {
    payment: { ...forward.payment, paidAt: now, waiters: [] },
    reservation: confirm(purchase.reservation, now),
    effects: [
      { kind: 'tell', waiters: purchase.payment.waiters },
      { kind: 'reservationConfirmed', id: moment.newId() },
      ...forward.effects,
    ],
  };
}

function complete({ payment, reservation }: Purchase, { now, messageId }: Moment): SagaDecision {
  const completed = movePayment(payment, 'COMPLETED', { ...settled, finishedAt: now });
  return { payment: noted(completed, 'TOKEN_EXPIRED', messageId, now), reservation, effects: [] };
}

/** No money moved. */
function endRejected(purchase: Purchase, rejection: Rejection, moment: Moment): SagaDecision {
  const { payment } = purchase;
  const failure = { ...rejection, members: { ...rejection.members, paymentId: payment.paymentId } };
  const reservation = giveBack(purchase.reservation, moment.now);
  const { deadlineAt: extendedTo } = payment;
  // Its seats would else stay held past the reservation's end, for a payment that is over.
  const restored: Effect = { kind: 'restoreHold', id: moment.newId(), extendedTo, until: reservation.expiresAt };
  const after = reservation.status === 'EXPIRED' ? expiryEffects(moment, 'EXPIRED') : [restored];
  return ended({ payment, reservation }, 'REJECTED', 'DEBIT_REFUSED', failure, after, moment);
}

/** What moved is back. The seats are lost or given up, whatever the reservation's clock says. */
function endCompensated(purchase: Purchase, moment: Moment): SagaDecision {
  const { payment } = purchase;
  const failure: Rejection = {
    code: 'EXPIRED_RESERVATION',
    detail: 'The seats could not be confirmed in time. The amount is back in the wallet.',
    members: { paymentId: payment.paymentId },
  };
  const reservation = expire(purchase.reservation);
  const gone = expiryEffects(moment, 'COMPENSATED');
  return ended({ payment, reservation }, 'COMPENSATED', 'REFUNDED', failure, gone, moment);
}

function ended(
  { payment, reservation }: Purchase,
  state: 'REJECTED' | 'COMPENSATED',
  event: PaymentEvent,
  failure: Rejection,
  gone: readonly Effect[],
  { now, messageId }: Moment,
): SagaDecision {
  const moved = movePayment(payment, state, { ...settled, failure, waiters: [], finishedAt: now });
  return {
    payment: noted(moved, event, messageId, now),
    reservation,
    effects: [{ kind: 'tell', waiters: payment.waiters }, ...gone],
  };
}

function waitForOperator(purchase: Purchase, reason: string, { now, messageId }: Moment): SagaDecision {
  if (purchase.payment.stuckReason !== null) return { ...purchase, effects: [] };
  const payment = noted({ ...purchase.payment, ...stuck(reason) }, 'WAITS_FOR_OPERATOR', messageId, now);
  return { ...purchase, payment, effects: [{ kind: 'stuck', reason }] };
}

/** With the time of its next look: the repeat, or the turn that its deadline brings. */
function awaiting(payment: Payment, now: Date): Payment {
  const state = payment.state as OpenPaymentState;
  const turnsAt = undoOf(state) ? payment.deadlineAt : isTurningBack(state) ? graceEndsAt(payment) : null;
  return { ...payment, nextCheckAt: nextCheck(payment, turnsAt, now) };
}

/** The command that the payment's state awaits the reply to, with its id: the same for the first sending and any repeat. */
function request(payment: Payment): Effect {
  if (payment.lastRequestId === null) throw new Error(`payment ${payment.paymentId} awaits no reply`);
  return { kind: 'request', action: requestIn[payment.state as OpenPaymentState], id: payment.lastRequestId };
}
