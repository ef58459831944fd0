import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';

const paymentId = '0190c000-0000-7000-8000-000000000001';
const reservationId = '0190c000-0000-7000-8000-000000000002';
const stuck = { paymentId, reservationId, status: 'STUCK' };

describe('an operator', () => {
  let service: Server;
  let gateway: GatewayUnderTest;
  let olga: { authorization: string };
  let asked: string[];

  beforeAll(async () => {
    service = createServer(({ url = '' }, response) => {
      asked.push(url);
      const found = url === '/internal/admin/payments' || url.includes(paymentId) || url.includes('?');
      const body = url.includes(paymentId) ? stuck : { items: [stuck], nextCursor: null };
      response.statusCode = found ? 200 : 404;
      response
        .setHeader('Content-Type', 'application/json')
        .end(JSON.stringify(found ? body : { code: 'PAYMENT_NOT_FOUND' }));
    });
    await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
    const { port } = service.address() as AddressInfo;
    gateway = await GatewayUnderTest.start({ RESERVATION_URL: `http://127.0.0.1:${port}` });
    olga = await gateway.bearer('olga', ['operator']);
  });
  afterAll(async () => {
    await gateway.stop();
    service.closeAllConnections();
    await new Promise((closed) => service.close(closed));
  });
  beforeEach(() => {
    asked = [];
    gateway.bus.asked.length = 0;
    gateway.bus.answer = () => ({ kind: 'answered', body: { ...stuck, status: 'PROCESSING' }, replayed: false });
  });

  const get = (url: string, headers = olga) => gateway.request({ method: 'GET', url, headers });
  const act = (
    what: string,
    { headers = olga as Record<string, string>, id = paymentId, payload = { reason: 'It is back.' } as object } = {},
  ) => gateway.request({ method: 'POST', url: `/v1/admin/payments/${id}/${what}`, headers, payload });

  it('sees the payments of all users, page by page, and one of them', async () => {
    const list = await get('/v1/admin/payments?status=STUCK&limit=5&cursor=abc');
    expect([list.statusCode, list.json()]).toEqual([200, { items: [stuck], nextCursor: null }]);
    expect((await get(`/v1/admin/payments/${paymentId}`)).json()).toEqual(stuck);
    expect(asked).toEqual([
      '/internal/admin/payments?status=STUCK&limit=5&cursor=abc',
      `/internal/admin/payments/${paymentId}`,
    ]);
    expect((await get('/v1/admin/payments?status=OPEN')).statusCode).toBe(400);
  });

  it.each([
    ['retry', 'reservation.RetryPayment.v1'],
    ['compensate', 'reservation.CompensatePayment.v1'],
  ])('has a payment %s: one audited command to its reservation, answered 202', async (what, type) => {
    const response = await act(what, { headers: { ...olga, 'idempotency-key': what } });
    expect([response.statusCode, response.json()]).toEqual([202, { ...stuck, status: 'PROCESSING' }]);
    expect(response.headers['cache-control']).toBe('no-store');
    await act(what, { headers: { ...olga, 'idempotency-key': what } });
    const [first, repeat] = gateway.bus.asked;
    expect(first).toMatchObject({
      type,
      payload: { paymentId, reservationId, operator: 'olga', reason: 'It is back.' },
    });
    expect(repeat!.options.id).toBe(first!.options.id);
  });

  it('is told what was refused, with the status that the payment has', async () => {
    const members = { paymentStatus: 'COMPLETED' };
    gateway.bus.answer = () => ({
      kind: 'rejected',
      code: 'PAYMENT_NOT_STUCK',
      detail: 'no',
      members,
      replayed: false,
    });
    const response = await act('retry');
    expect([response.statusCode, response.json()]).toMatchObject([409, { code: 'PAYMENT_NOT_STUCK', ...members }]);
    gateway.bus.answer = () => ({ kind: 'rejected', code: 'PAYMENT_NOT_COMPENSABLE', detail: 'no', replayed: false });
    expect((await act('compensate')).statusCode).toBe(409);
  });

  it('gets 202 and the key for a decision that takes long', async () => {
    gateway.bus.answer = () => ({ kind: 'pending' });
    const response = await act('retry', { headers: { ...olga, 'idempotency-key': 'k' } });
    expect([response.statusCode, response.json()]).toEqual([202, { status: 'PENDING', idempotencyKey: 'k' }]);
    expect(response.headers['location']).toBe(`/v1/admin/payments/${paymentId}`);
  });

  it.each(['retry', 'compensate'])('sends no %s of what does not exist, or without a reason', async (what) => {
    const unknown = await act(what, { id: reservationId });
    expect([unknown.statusCode, unknown.json()]).toMatchObject([404, { code: 'PAYMENT_NOT_FOUND' }]);
    for (const payload of [{}, { reason: '' }, { reason: 'x'.repeat(501) }, { reason: 'x', operator: 'eve' }]) {
      expect((await act(what, { payload })).statusCode).toBe(400);
    }
    expect(gateway.bus.asked).toEqual([]);
  });

  it('is named by what an organizer does, too', async () => {
    const headers = await gateway.bearer('otto', ['organizer']);
    const payload = { seatIds: [paymentId], blocked: true, reason: 'Sound desk' };
    await gateway.request({ method: 'PATCH', url: `/v1/admin/schedules/${paymentId}/seats`, headers, payload });
    expect(gateway.bus.asked[0]).toMatchObject({
      type: 'concert.BlockSeats.v1',
      payload: { ...payload, operator: 'otto' },
    });
  });

  it('is somebody with that role: nobody else learns anything', async () => {
    for (const roles of [[], ['organizer']]) {
      const headers = await gateway.bearer('otto', roles);
      for (const response of [
        await get('/v1/admin/payments', headers),
        await get(`/v1/admin/payments/${paymentId}`, headers),
        await act('retry', { headers }),
        await act('compensate', { headers }),
      ])
        expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN']);
    }
    expect([asked, gateway.bus.asked]).toEqual([[], []]);
  });
});
