import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aSnapshot, aToken, minute } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { QueueTokens } from '../admission/queue-token.js';

const reservationId = '0190c000-0000-7000-8000-000000000001';

describe('paying again with the token that the payment spent', () => {
  let reservations: Server;
  let gateway: GatewayUnderTest;
  let bearer: { authorization: string };
  let paymentId: string | null = null;
  let status = 'CONFIRMED';
  const now = Date.now();

  beforeAll(async () => {
    reservations = createServer(({ url = '' }, response) => {
      const paid = { reservationId, status, paymentId };
      const body = url.startsWith('/internal/payments/') ? { paymentId, status: 'COMPLETED' } : paid;
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
    });
    await new Promise<void>((listening) => reservations.listen(0, '127.0.0.1', listening));
    const { port } = reservations.address() as AddressInfo;
    gateway = await GatewayUnderTest.start({ RESERVATION_URL: `http://127.0.0.1:${port}` });
    bearer = await gateway.bearer('ann');
    const at = new Date(now).toISOString();
    gateway.feed.publish(aSnapshot({ at, servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] }));
    // As the saga: the first pays; what comes again under its key is told again, and whatever else finds it paid.
    gateway.bus.answer = ({ payload }) => {
      const replayed = payload['paymentId'] === paymentId;
      const alreadyPaid = paymentId !== null && !replayed;
      paymentId ??= payload['paymentId'] as string;
      return { kind: 'answered', body: { paymentId, status: 'COMPLETED', alreadyPaid }, replayed };
    };
    expect((await pay('first')).statusCode).toBe(201);
  });
  afterAll(async () => {
    await gateway.stop();
    reservations.closeAllConnections();
    await new Promise((closed) => reservations.close(closed));
  });

  function pay(key?: string) {
    const times = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };
    const queueToken = gateway.app.get(QueueTokens).sign(aToken(times));
    const headers = { ...bearer, 'queue-token': queueToken, ...(key !== undefined && { 'idempotency-key': key }) };
    return gateway.request({ method: 'POST', url: `/v1/reservations/${reservationId}/payment`, headers });
  }

  it.each([
    ['with the key that paid, gives the first answer again', 'first', 201, 'true', 1],
    ['with another key, shows the payment', 'other', 200, undefined, 1],
    ['without a key, shows the payment and asks for nothing', undefined, 200, undefined, 0],
  ])('%s', async (_, key, status, replayed, asked) => {
    const before = gateway.bus.asked.length;
    const { statusCode, headers, json } = await pay(key);
    expect([statusCode, headers['idempotent-replayed']]).toEqual([status, replayed]);
    expect(headers['location']).toBe(`/v1/payments/${paymentId}`);
    expect(json()).toEqual({ paymentId, status: 'COMPLETED' });
    expect(gateway.bus.asked).toHaveLength(before + asked);
  });

  it('pays nothing: a reservation that is not paid yet takes another token', async () => {
    const [paid, before] = [paymentId, gateway.bus.asked.length];
    status = 'WAITING';
    const { statusCode, json } = await pay('another');
    status = 'CONFIRMED';
    expect([statusCode, json()]).toEqual([401, expect.objectContaining({ code: 'TOKEN_EXPIRED', reason: 'SPENT' })]);
    expect([paymentId, gateway.bus.asked.length]).toEqual([paid, before]);
  });
});
