import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aConcertId } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';

const url = `/v1/admin/concerts/${aConcertId}/queue`;
const shown = { concertId: aConcertId, mode: 'OPEN', generation: 1 };

describe('the controls of a waiting room', () => {
  let service: Server;
  let gateway: GatewayUnderTest;
  let olga: { authorization: string };
  let asked: string[];

  beforeAll(async () => {
    service = createServer(({ url = '' }, response) => {
      asked.push(url);
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(shown));
    });
    await new Promise<void>((listening) => service.listen(0, '127.0.0.1', listening));
    const { port } = service.address() as AddressInfo;
    gateway = await GatewayUnderTest.start({ QUEUE_URL: `http://127.0.0.1:${port}` });
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
    gateway.bus.answer = () => ({ kind: 'answered', body: shown, replayed: false });
  });

  const change = (payload: object, headers = olga) => gateway.request({ method: 'PATCH', url, headers, payload });

  it('are asked of the queue service, not of a snapshot', async () => {
    const responses = [
      await gateway.request({ method: 'GET', url, headers: olga }),
      await gateway.request({ method: 'GET', url: `${url}/ticks?limit=5&cursor=abc`, headers: olga }),
    ];
    for (const response of responses) {
      expect([response.statusCode, response.headers['cache-control'], response.json()]).toEqual([
        200,
        'no-store',
        shown,
      ]);
    }
    const path = `/internal/concerts/${aConcertId}/queue`;
    expect(asked).toEqual([path, `${path}/ticks?limit=5&cursor=abc`]);
  });

  it('are changed by one audited command that names only what is to change, and whoever wants it', async () => {
    const body = { maxActive: null, message: null, tickSeconds: 7, reason: 'As planned' };
    const response = await change(body);
    expect([response.statusCode, response.json()]).toEqual([200, shown]);
    await gateway.request({ method: 'POST', url: `${url}/reset`, headers: olga, payload: { reason: 'Again' } });
    expect(gateway.bus.asked.map(({ type, payload }) => [type, payload])).toEqual([
      ['queue.ChangeControls.v1', { ...body, concertId: aConcertId, operator: 'olga' }],
      ['queue.ResetQueue.v1', { concertId: aConcertId, operator: 'olga', reason: 'Again' }],
    ]);
  });

  it.each([
    ['nothing', { reason: 'r' }],
    ['without a reason', { mode: 'PAUSED' }],
    ['text that no table can store', { message: 'a\u0000b', reason: 'r' }],
    ['the generation', { mode: 'OPEN', generation: 3, reason: 'r' }],
  ])('are not changed by a request for %s', async (_, body) => {
    const response = await change(body);
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([400, 'INVALID_REQUEST']);
    expect(gateway.bus.asked).toEqual([]);
  });

  it('are told later where the decision takes long', async () => {
    gateway.bus.answer = () => ({ kind: 'pending' });
    const response = await change({ mode: 'CLOSED', reason: 'r' });
    expect([response.statusCode, response.json()]).toMatchObject([202, { status: 'PENDING' }]);
  });
});
