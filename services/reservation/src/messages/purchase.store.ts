import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { CancellationStore } from '../postgres/cancellation.store.js';
import { PaymentStore } from '../postgres/payment.store.js';
import { ReservationStore } from '../postgres/reservation.store.js';
import { Purchases } from './purchases.js';

export interface Wanted {
  readonly reservationIds: readonly string[];
  /** Beside the latest payment of each of those reservations. */
  readonly paymentIds?: readonly string[];
  /** StartPayment commands whose payments are wanted. */
  readonly startMessageIds?: readonly string[];
}

/** Loads and saves in the service's one lock order: reservations, payments, cancellations, each by id. */
@Injectable()
export class PurchaseStore {
  constructor(
    private readonly reservations: ReservationStore,
    private readonly payments: PaymentStore,
    private readonly cancellations: CancellationStore,
  ) {}

  async lock({ reservationIds, paymentIds = [], startMessageIds = [] }: Wanted, tx: Transaction): Promise<Purchases> {
    const reservations = await this.reservations.lock(reservationIds, tx);
    const latest = reservations.flatMap(({ paymentId }) => paymentId ?? []);
    const payments = await this.payments.lock([...paymentIds, ...latest], startMessageIds, tx);
    const cancelling = reservations.filter(({ status }) => status === 'CANCELLING');
    const cancellations = await this.cancellations.lock(
      cancelling.map(({ reservationId }) => reservationId),
      tx,
    );
    return new Purchases({ reservations, payments, cancellations });
  }

  /** What a reply is about: its payment's reservation is looked up first, without a lock, since it never changes. */
  async lockByPayments(paymentIds: readonly string[], tx: Transaction): Promise<Purchases> {
    const reservationIds = await this.payments.reservationsOf(paymentIds, tx);
    return this.lock({ reservationIds, paymentIds }, tx);
  }

  async save({ reservations, payments, cancellations }: Purchases, tx: Transaction): Promise<void> {
    await this.reservations.insert(reservations.created(), tx);
    await this.reservations.update(after(reservations.changed()), tx);
    // Before the new ones: a refused payment must have ended when the next attempt of its reservation is inserted.
    await this.payments.update(after(payments.changed()), tx);
    await this.payments.insert(payments.created(), tx);
    await this.payments.appendTimelines(
      [
        ...payments.created().map((payment) => ({ payment, savedEntries: 0 })),
        ...payments
          .changed()
          .map((payment) => ({ payment: payment.after, savedEntries: payment.before.timeline.length })),
      ],
      tx,
    );
    await this.cancellations.upsert([...after(cancellations.changed()), ...cancellations.created()], tx);
  }
}

const after = <Row>(changed: readonly { readonly after: Row }[]): Row[] => changed.map((row) => row.after);
