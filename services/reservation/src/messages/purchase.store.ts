import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Reservation } from '../domain/reservation.js';
import type { CutOff } from '../postgres/cut-off.js';
import { CancellationStore } from '../postgres/cancellation.store.js';
import { PaymentStore } from '../postgres/payment.store.js';
import { ReservationStore } from '../postgres/reservation.store.js';
import { Purchases } from './purchases.js';
import { countStuck } from './saga-metrics.js';

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

  async lock({ reservationIds, ...wanted }: Wanted, tx: Transaction): Promise<Purchases> {
    return this.lockPayments(await this.reservations.lock(reservationIds, tx), wanted, tx);
  }

  /** What a reply is about: a payment, with its reservation. */
  async lockByPayments(paymentIds: readonly string[], tx: Transaction): Promise<Purchases> {
    return this.lockPayments(await this.reservations.lockPaidBy(paymentIds, tx), { paymentIds }, tx);
  }

  private async lockPayments(
    reservations: readonly Reservation[],
    { paymentIds = [], startMessageIds = [] }: Omit<Wanted, 'reservationIds'>,
    tx: Transaction,
  ): Promise<Purchases> {
    const latest = reservations.flatMap(({ paymentId }) => paymentId ?? []);
    const payments = await this.payments.lock([...paymentIds, ...latest], startMessageIds, tx);
    const cancelled = reservations.filter(({ status }) => status === 'CANCELLING' || status === 'CANCELLED');
    const cancellations = await this.cancellations.lock(
      cancelled.map(({ reservationId }) => reservationId),
      tx,
    );
    return new Purchases({ reservations, payments, cancellations });
  }

  /** The sagas that are cut off wait for an operator from now on, and not for a deadline that nobody may look at again. */
  async markStuck(cut: readonly CutOff[], tx: Transaction): Promise<void> {
    if (cut.length === 0) return;
    await this.reservations.lock(await this.payments.reservationsCutOff(cut, tx), tx);
    const payments = await this.payments.markStuck(cut, tx);
    const cancellations = await this.cancellations.markStuck(cut, tx);
    for (const { paymentId, reason } of [...payments, ...cancellations]) countStuck(paymentId, reason);
  }

  async save({ reservations, payments, cancellations }: Purchases, tx: Transaction): Promise<void> {
    const timelines = [
      ...payments.created().map((payment) => ({ payment, savedEntries: 0 })),
      ...payments
        .changed()
        .map((payment) => ({ payment: payment.after, savedEntries: payment.before.timeline.length })),
    ];
    await Promise.all([
      this.reservations.insert(reservations.created(), tx),
      this.reservations.update(after(reservations.changed()), tx),
      // Before the new ones: a refused payment must have ended when the next attempt of its reservation is inserted.
      this.payments.update(after(payments.changed()), tx),
      this.payments.insert(payments.created(), tx),
      this.payments.appendTimelines(timelines, tx),
      this.cancellations.upsert([...after(cancellations.changed()), ...cancellations.created()], tx),
    ]);
  }
}

const after = <Row>(changed: readonly { readonly after: Row }[]): Row[] => changed.map((row) => row.after);
