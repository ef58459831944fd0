import type { Cancellation } from '../domain/cancellation-saga.js';
import type { Payment } from '../domain/payment.js';
import type { Reservation } from '../domain/reservation.js';
import { Rows } from './rows.js';

export interface LoadedPurchases {
  readonly reservations?: readonly Reservation[];
  readonly payments?: readonly Payment[];
  readonly cancellations?: readonly Cancellation[];
}

/** Everything that a batch's messages may touch: the state the fold works on. */
export class Purchases {
  readonly reservations: Rows<Reservation>;
  readonly payments: Rows<Payment>;
  readonly cancellations: Rows<Cancellation>;

  constructor({ reservations, payments, cancellations }: LoadedPurchases) {
    this.reservations = new Rows(({ reservationId }) => reservationId, reservations);
    this.payments = new Rows(({ paymentId }) => paymentId, payments);
    this.cancellations = new Rows(({ reservationId }) => reservationId, cancellations);
  }

  /** The payment that this StartPayment began. */
  startedBy(messageId: string): Payment | undefined {
    return this.payments.find(({ startMessageId }) => startMessageId === messageId);
  }
}
