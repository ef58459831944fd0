import { EntitySchema } from 'typeorm';
import type { Reservation } from '../domain/reservation.js';

export const reservationSchema = new EntitySchema<Reservation>({
  name: 'reservation',
  columns: {
    reservationId: { name: 'reservation_id', type: 'uuid', primary: true },
    userId: { name: 'user_id', type: 'text' },
    status: { type: 'text' },
    concertId: { name: 'concert_id', type: 'uuid' },
    title: { type: 'text' },
    venue: { type: 'text', nullable: true },
    scheduleId: { name: 'schedule_id', type: 'uuid' },
    startsAt: { name: 'starts_at', type: 'timestamptz', precision: 3 },
    timeZone: { name: 'time_zone', type: 'text' },
    seats: { type: 'jsonb' },
    amount: { type: 'bigint' },
    currency: { type: 'text' },
    expiresAt: { name: 'expires_at', type: 'timestamptz', precision: 3 },
    createdAt: { name: 'created_at', type: 'timestamptz', precision: 3 },
    paymentId: { name: 'payment_id', type: 'uuid', nullable: true },
    paidAt: { name: 'paid_at', type: 'timestamptz', precision: 3, nullable: true },
    cancelledAt: { name: 'cancelled_at', type: 'timestamptz', precision: 3, nullable: true },
    refundedAmount: { name: 'refunded_amount', type: 'bigint' },
  },
});
