import { reply as contracts } from '#contracts';
import type { Reply } from '#messaging';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import { aContext } from '../../test/message.builders.js';
import { aBegunPayment, id } from '../../test/reservation.builders.js';
import { Purchases } from './purchases.js';
import { SagaReplies } from './saga-replies.handler.js';

const handler = new SagaReplies(undefined as never);
const aReplyAbout = (subject: string, inReplyTo: string | null): Reply => ({
  id: id('message', 50),
  inReplyTo: inReplyTo ?? '',
  subject,
  correlationId: 'trail',
  type: contracts.parked.type,
  payload: { reason: 'fault' },
});
const counted = async (name: string) => (await register.getSingleMetric(name)!.get()).values[0]?.value ?? 0;

describe('a reply', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('about a payment nobody knows, or to a request nobody awaits, is counted and acknowledged', async () => {
    const { payment, reservation } = aBegunPayment();
    const purchases = new Purchases({ payments: [payment], reservations: [reservation] });
    const before = await counted('payment_saga_stale_replies_total');
    expect(handler.decide(purchases, aReplyAbout(id('payment', 9), null), aContext()).outcome).toEqual({
      kind: 'done',
    });
    expect(handler.decide(purchases, aReplyAbout(payment.paymentId, id('message', 9)), aContext())).toEqual({
      outcome: { kind: 'done' },
      send: [],
      answers: [],
    });
    expect(await counted('payment_saga_stale_replies_total')).toBe(before + 2);
    expect([purchases.payments.changed(), purchases.reservations.changed()]).toEqual([[], []]);
  });

  it('that our request was parked marks the payment STUCK, counted once', async () => {
    const { payment, reservation } = aBegunPayment();
    const purchases = new Purchases({ payments: [payment], reservations: [reservation] });
    const before = await counted('payment_saga_stuck_total');
    const parked = aReplyAbout(payment.paymentId, payment.lastRequestId);
    handler.decide(purchases, parked, aContext());
    handler.decide(purchases, parked, aContext());
    expect(purchases.payments.get(payment.paymentId)?.stuckReason).toBe('fault');
    expect(await counted('payment_saga_stuck_total')).toBe(before + 1);
  });
});
