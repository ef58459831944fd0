import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm';
import type { Payment, TimelineEntry } from '../domain/payment.js';
import type { PendingStep } from '../domain/pending-step.js';

/** A payment without its timeline, which has a table of its own. */
export type PaymentRow = Omit<Payment, 'timeline'>;

/** A line of the timeline; `seq` counts from 1 within the payment. */
export type TimelineRow = TimelineEntry & { readonly paymentId: string; readonly seq: number };

/** What both sagas keep of the request they await. */
export const pendingStepColumns = {
  lastRequestId: { name: 'last_request_id', type: 'uuid', nullable: true },
  stepSentAt: { name: 'step_sent_at', type: 'timestamptz', precision: 3 },
  attempts: { type: 'int' },
  nextCheckAt: { name: 'next_check_at', type: 'timestamptz', precision: 3, nullable: true },
  createdAt: { name: 'created_at', type: 'timestamptz', precision: 3 },
  deadlineAt: { name: 'deadline_at', type: 'timestamptz', precision: 3 },
  graceEndsAt: { name: 'grace_ends_at', type: 'timestamptz', precision: 3, nullable: true },
  stuckReason: { name: 'stuck_reason', type: 'text', nullable: true },
} as const satisfies Record<keyof PendingStep, EntitySchemaColumnOptions>;

export const paymentSchema = new EntitySchema<PaymentRow>({
  name: 'payment',
  columns: {
    paymentId: { name: 'payment_id', type: 'uuid', primary: true },
    reservationId: { name: 'reservation_id', type: 'uuid' },
    userId: { name: 'user_id', type: 'text' },
    amount: { type: 'bigint' },
    currency: { type: 'text' },
    state: { type: 'text' },
    place: { type: 'jsonb' },
    startMessageId: { name: 'start_message_id', type: 'uuid' },
    correlationId: { name: 'correlation_id', type: 'text' },
    waiters: { type: 'jsonb' },
    failure: { type: 'jsonb', nullable: true },
    ...pendingStepColumns,
    paidAt: { name: 'paid_at', type: 'timestamptz', precision: 3, nullable: true },
    finishedAt: { name: 'finished_at', type: 'timestamptz', precision: 3, nullable: true },
  },
});

export const timelineSchema = new EntitySchema<TimelineRow>({
  name: 'payment_timeline',
  columns: {
    paymentId: { name: 'payment_id', type: 'uuid', primary: true },
    seq: { type: 'int', primary: true },
    at: { type: 'timestamptz', precision: 3 },
    state: { type: 'text' },
    event: { type: 'text' },
    messageId: { name: 'message_id', type: 'uuid' },
  },
});
