import type { Payment, TimelineEntry } from '../domain/payment.js';
import type { PaymentRow, TimelineRow } from './payment.schema.js';

/** Payments with their timeline rows, which come in the order of `seq`. */
export function withTimelines(rows: readonly PaymentRow[], entries: readonly TimelineRow[]): Payment[] {
  const timelines = new Map<string, TimelineEntry[]>(rows.map(({ paymentId }) => [paymentId, []]));
  for (const { paymentId, at, state, event, messageId } of entries) {
    timelines.get(paymentId)?.push({ at, state, event, messageId });
  }
  return rows.map((row) => ({ ...row, timeline: timelines.get(row.paymentId) ?? [] }));
}
