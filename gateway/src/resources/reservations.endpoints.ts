import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { idList, listOf, paging, uuid } from '../endpoint/values.js';
import { reservation } from './bodies.js';

const tag = 'Reservations';
const ofReservation = z.strictObject({ reservationId: uuid });

export const holdSeats = endpoint({
  method: 'POST',
  path: '/v1/reservations',
  tag,
  summary: 'Hold seats: all of them or none',
  access: 'user',
  admission: 'pass',
  command: 'key-optional',
  body: z.strictObject({ scheduleId: uuid, seatIds: idList(10) }).meta({ id: 'Hold' }),
  responses: {
    201: { description: 'The seats are held', headers: { Location: 'the reservation' }, body: reservation },
  },
  problems: ['SCHEDULE_NOT_FOUND', 'SEAT_NOT_FOUND', 'ALREADY_RESERVED_SEAT', 'SALES_CLOSED', 'TICKET_LIMIT_EXCEEDED'],
});

export const listReservations = endpoint({
  method: 'GET',
  path: '/v1/reservations',
  tag,
  summary: 'My reservations, newest first',
  access: 'user',
  query: z.strictObject({ ...paging, status: reservation.shape.status.optional(), concertId: uuid.optional() }),
  responses: { 200: { description: 'A page of reservations', body: listOf(reservation) } },
});

export const showReservation = endpoint({
  method: 'GET',
  path: '/v1/reservations/{reservationId}',
  tag,
  summary: 'One reservation',
  access: 'user',
  params: ofReservation,
  responses: { 200: { description: 'The reservation', body: reservation } },
  problems: ['RESERVATION_NOT_FOUND'],
});

export const cancelReservation = endpoint({
  method: 'POST',
  path: '/v1/reservations/{reservationId}/cancel',
  tag,
  summary: 'Give the seats back; a paid reservation is refunded',
  access: 'user',
  command: 'key-optional',
  params: ofReservation,
  responses: { 200: { description: 'Cancelled, and the seats are free', body: reservation } },
  problems: ['RESERVATION_NOT_FOUND', 'RESERVATION_NOT_CANCELLABLE'],
});
