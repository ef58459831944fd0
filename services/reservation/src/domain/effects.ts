import type { Waiter } from './waiters.js';

/** The requests of the two sagas: each is answered with a reply that names its id. */
export type PaymentAction = 'debit' | 'refund' | 'confirmSeats' | 'revokeConfirm' | 'expireToken';
export type CancellationAction = 'refund' | 'cancelSeats';

/** What a decision wants done outside this service's rows. Ids are drawn by the decision, so that it can be repeated. */
export type Effect =
  /** A saga's step: the same id again is a repeat. */
  | { readonly kind: 'request'; readonly action: PaymentAction | CancellationAction; readonly id: string }
  | { readonly kind: 'extendHold'; readonly id: string; readonly until: Date }
  /** Undoes the extension to `extendedTo`. */
  | { readonly kind: 'restoreHold'; readonly id: string; readonly extendedTo: Date; readonly until: Date }
  | { readonly kind: 'releaseHold'; readonly id: string; readonly reason: 'EXPIRED' | 'COMPENSATED' }
  | { readonly kind: 'reservationConfirmed'; readonly id: string }
  | { readonly kind: 'reservationEnded'; readonly id: string }
  /** The saga is decided: these are answered with what the payment, or the cancelled reservation, now says. */
  | { readonly kind: 'tell'; readonly waiters: readonly Waiter[] }
  /** A duplicate, or the late reply to a request the saga has turned away from: counted, nothing else. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'stuck'; readonly reason: string };

/** The time and the message of a decision, and where its new ids come from. */
export interface Moment {
  readonly now: Date;
  /** The message that is decided, for the timeline. */
  readonly messageId: string;
  newId(): string;
}

/** A reservation has expired: its seats are to be released, and the world to be told. */
export const expiryEffects = (moment: Moment, reason: 'EXPIRED' | 'COMPENSATED'): readonly Effect[] => [
  { kind: 'releaseHold', id: moment.newId(), reason },
  { kind: 'reservationEnded', id: moment.newId() },
];
