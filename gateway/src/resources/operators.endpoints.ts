import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { listOf, paging, uuid } from '../endpoint/values.js';
import { operatorPayment } from './bodies.js';
import { operatorReason } from './operations.bodies.js';

const tag = 'Operators';
const ofPayment = z.strictObject({ paymentId: uuid });

export const listPayments = endpoint({
  method: 'GET',
  path: '/v1/admin/payments',
  tag,
  summary: 'Payments of all users, newest first',
  access: 'operator',
  query: z.strictObject({ status: operatorPayment.shape.status.optional(), ...paging }),
  responses: { 200: { description: 'A page of payments', body: listOf(operatorPayment) } },
});

export const showAnyPayment = endpoint({
  method: 'GET',
  path: '/v1/admin/payments/{paymentId}',
  tag,
  summary: 'One payment of whomever, with what its saga waits for',
  access: 'operator',
  params: ofPayment,
  responses: { 200: { description: 'The payment', body: operatorPayment } },
  problems: ['PAYMENT_NOT_FOUND'],
});

export const retryPayment = endpoint({
  method: 'POST',
  path: '/v1/admin/payments/{paymentId}/retry',
  tag,
  summary: 'Have a STUCK payment, or its cancellation, ask again',
  description: 'With a new deadline. What it awaits may have been done already: it is done once all the same.',
  access: 'operator',
  command: 'key-optional',
  params: ofPayment,
  body: operatorReason,
  responses: { 202: { description: 'The payment, on its way again', body: operatorPayment } },
  problems: ['PAYMENT_NOT_FOUND', 'PAYMENT_NOT_STUCK'],
});

export const compensatePayment = endpoint({
  method: 'POST',
  path: '/v1/admin/payments/{paymentId}/compensate',
  tag,
  summary: 'Have a STUCK payment turn back',
  description:
    'Where its seats may be confirmed, that is asked about first; if they are, the payment goes forward instead.',
  access: 'operator',
  command: 'key-optional',
  params: ofPayment,
  body: operatorReason,
  responses: { 202: { description: 'The payment, on its way back', body: operatorPayment } },
  problems: ['PAYMENT_NOT_FOUND', 'PAYMENT_NOT_STUCK', 'PAYMENT_NOT_COMPENSABLE'],
});
