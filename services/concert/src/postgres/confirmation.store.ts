import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Confirmation } from '../domain/seat-inventory.js';

@Injectable()
export class ConfirmationStore {
  /** Locked, so that a decision about a payment's seats cannot be read before it is committed or undone. */
  async lock(paymentIds: readonly string[], tx: Transaction): Promise<Confirmation[]> {
    if (paymentIds.length === 0) return [];
    const rows = await tx.query<{ payment_id: string; result: Confirmation['result'] }>(lockConfirmations, [
      paymentIds,
    ]);
    return rows.map(({ payment_id, result }) => ({ paymentId: payment_id, result }));
  }

  async insert(confirmations: readonly Confirmation[], tx: Transaction): Promise<void> {
    if (confirmations.length === 0) return;
    const columns = [confirmations.map(({ paymentId }) => paymentId), confirmations.map(({ result }) => result)];
    await tx.query(insertConfirmations, [...columns, tx.now]);
  }
}

const lockConfirmations = `
  select payment_id, result from confirmation where payment_id = any($1) order by payment_id for update`;

// Without "on conflict": a payment decided twice is a fault, whose batch must not commit.
const insertConfirmations = `
  insert into confirmation (payment_id, result, decided_at)
  select *, $3::timestamptz from unnest($1::uuid[], $2::text[])`;
