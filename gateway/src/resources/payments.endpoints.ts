import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { uuid } from '../endpoint/values.js';
import { payment } from './bodies.js';

const tag = 'Payments';

export const pay = endpoint({
  method: 'POST',
  path: '/v1/reservations/{reservationId}/payment',
  tag,
  summary: 'Pay for a reservation from the wallet',
  description: 'A pass that ended a short while ago still pays. Only a completed payment spends the queue token.',
  access: 'user',
  admission: 'payment',
  command: 'key-optional',
  params: z.strictObject({ reservationId: uuid }),
  responses: {
    201: { description: 'Paid', headers: { Location: 'the payment' }, body: payment },
    200: { description: 'It was paid before: the same payment', headers: { Location: 'the payment' }, body: payment },
  },
  problems: [
    'RESERVATION_NOT_FOUND',
    'NOT_ENOUGH_BALANCE',
    'RESERVATION_NOT_PAYABLE',
    'PAYMENT_IN_PROGRESS',
    'EXPIRED_RESERVATION',
  ],
});

export const showPayment = endpoint({
  method: 'GET',
  path: '/v1/payments/{paymentId}',
  tag,
  summary: 'One payment, with what happened so far',
  access: 'user',
  params: z.strictObject({ paymentId: uuid }),
  responses: { 200: { description: 'The payment', body: payment } },
  problems: ['PAYMENT_NOT_FOUND'],
});
