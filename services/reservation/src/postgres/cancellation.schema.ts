import { EntitySchema } from 'typeorm';
import type { Cancellation } from '../domain/cancellation-saga.js';
import { pendingStepColumns } from './payment.schema.js';

export const cancellationSchema = new EntitySchema<Cancellation>({
  name: 'cancellation',
  columns: {
    reservationId: { name: 'reservation_id', type: 'uuid', primary: true },
    paymentId: { name: 'payment_id', type: 'uuid' },
    state: { type: 'text' },
    correlationId: { name: 'correlation_id', type: 'text' },
    waiters: { type: 'jsonb' },
    ...pendingStepColumns,
    finishedAt: { name: 'finished_at', type: 'timestamptz', precision: 3, nullable: true },
  },
});
