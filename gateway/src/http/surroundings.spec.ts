import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aConcertId, aSnapshot, aToken, minute } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { QueueTokens } from '../admission/queue-token.js';

const seats = `/v1/concerts/${aConcertId}/schedules/${aConcertId}/seats`;

describe('around every request', () => {
  let upstream: Server;
  let gateway: GatewayUnderTest;
  let visitor: Record<string, string>;
  const asked: string[] = [];

  beforeAll(async () => {
    upstream = createServer((request, response) => {
      asked.push(request.url ?? '');
      const items = Array.from({ length: 100 }, (_, number) => ({ seatId: aConcertId, number }));
      response.end(JSON.stringify({ asOf: new Date().toISOString(), items }));
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    gateway = await GatewayUnderTest.start({
      CONCERT_URL: url,
      CORS_ORIGINS: 'https://shop.example',
      IN_FLIGHT_MAX: '3',
    });
    const now = Date.now();
    const at = new Date(now).toISOString();
    gateway.feed.publish(aSnapshot({ at, servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] }));
    const token = aToken({ expiresAt: now + 10 * minute });
    visitor = { ...(await gateway.bearer('ann')), 'queue-token': gateway.app.get(QueueTokens).sign(token) };
  });
  afterAll(async () => {
    await gateway.stop();
    upstream.close().closeAllConnections();
  });

  const preflight = (origin: string) =>
    gateway.request({
      method: 'OPTIONS',
      url: '/v1/reservations',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'queue-token' },
    });

  it('browsers of the named origins, and of localhost in development, are let in without a token', async () => {
    for (const origin of ['https://shop.example', 'http://localhost:5173', 'http://127.0.0.1:80']) {
      const { statusCode, headers } = await preflight(origin);
      expect([statusCode, headers['access-control-allow-origin'], headers['access-control-max-age']]).toEqual([
        204,
        origin,
        '7200',
      ]);
      expect(headers['access-control-allow-headers']).toContain('Queue-Token');
      expect(headers['x-request-id']).toBeTruthy();
    }
    for (const origin of ['https://evil.example', 'http://localhost.evil.example', 'null']) {
      expect((await preflight(origin)).headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('errors can be read by browsers too', async () => {
    const origin = 'https://shop.example';
    const { headers } = await gateway.request({ method: 'GET', url: '/v1/wallet', headers: { origin } });
    expect(headers['access-control-allow-origin']).toBe(origin);
    expect(headers['access-control-expose-headers']).toContain('Queue-Status');
    expect(headers['vary']).toMatch(/Origin/i);
  });

  it('seats are read once a second, marked, and not sent again unchanged', async () => {
    asked.length = 0;
    const ask = (extra = {}) => gateway.request({ method: 'GET', url: seats, headers: { ...visitor, ...extra } });
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(asked).toHaveLength(1);
    expect([first.statusCode, first.headers['cache-control'], first.body]).toEqual([
      200,
      'private, no-cache',
      second.body,
    ]);
    const etag = first.headers['etag'] as string;
    expect(etag).toMatch(/^W\//);
    const unchanged = await ask({ 'if-none-match': etag });
    expect([
      unchanged.statusCode,
      unchanged.body,
      unchanged.headers['etag'],
      unchanged.headers['queue-status'],
    ]).toEqual([304, '', etag, 'ACTIVE']);
    await gateway.request({ method: 'GET', url: `${seats}?status=all&section=A`, headers: visitor });
    expect(asked.at(-1)).toMatch(/\/seats\?section=A&status=all$|\/seats\?status=all&section=A$/);
  });

  it('a hold answered here makes the next look at the seats a new one', async () => {
    const ask = () => gateway.request({ method: 'GET', url: seats, headers: visitor });
    await ask();
    asked.length = 0;
    gateway.bus.answer = () => ({ kind: 'answered', body: {}, replayed: false });
    const payload = { scheduleId: aConcertId, seatIds: [aConcertId] };
    await gateway.request({ method: 'POST', url: '/v1/reservations', headers: visitor, payload });
    await ask();
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ])('long answers are sent as %s to who takes it', async (encoding, decompress) => {
    const plain = await gateway.request({ method: 'GET', url: seats, headers: visitor });
    const packed = await gateway.request({
      method: 'GET',
      url: seats,
      headers: { ...visitor, 'accept-encoding': encoding },
    });
    expect([plain.headers['content-encoding'], packed.headers['content-encoding']]).toEqual([undefined, encoding]);
    expect(JSON.parse(decompress(packed.rawPayload).toString())).toMatchObject({ items: { length: 100 } });
  });

  it('more requests than may be in work are refused at once; health is not', async () => {
    let release = () => {};
    gateway.bus.answer = () => new Promise((resolve) => (release = () => resolve({ kind: 'pending' })));
    const releases: (() => void)[] = [];
    const cancel = () =>
      gateway.request({ method: 'POST', url: `/v1/reservations/${aConcertId}/cancel`, headers: visitor });
    const open = [];
    for (let count = 0; count < 3; count += 1) {
      const before = gateway.bus.asked.length;
      open.push(cancel());
      while (gateway.bus.asked.length === before) await new Promise(setImmediate);
      releases.push(release);
    }
    const refused = await cancel();
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refused.json()).toMatchObject({ code: 'OVERLOADED' });
    for (const one of releases) one();
    expect((await Promise.all(open)).map(({ statusCode }) => statusCode)).toEqual([202, 202, 202]);
    expect((await gateway.request({ method: 'GET', url: '/v1/nothing' })).statusCode).toBe(404);
  });
});
