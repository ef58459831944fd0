import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LightMyRequestResponse } from 'fastify';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';

describe('every refusal is problem+json', () => {
  let gateway: GatewayUnderTest;
  let port: number;

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start();
    port = await gateway.listen();
  });
  afterAll(() => gateway.stop());

  function expectProblem(response: LightMyRequestResponse, status: number, code: string): Record<string, unknown> {
    expect([response.statusCode, response.headers['content-type']]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const body = response.json<Record<string, unknown>>();
    expect(body).toMatchObject({ code, status, type: `urn:problem:${code.toLowerCase().replaceAll('_', '-')}` });
    expect(body['traceId']).toMatch(/^[0-9a-f]{32}$/);
    expect(response.headers['x-request-id']).toBeTruthy();
    expect(response.headers['cache-control']).toBe('no-store');
    return body;
  }

  const json = { 'content-type': 'application/json' };
  const signIn = { method: 'POST', url: '/v1/dev/sign-in' } as const;

  it('an unknown route', async () => {
    const body = expectProblem(await gateway.request({ method: 'GET', url: '/v1/nothing?x=1' }), 404, 'NOT_FOUND');
    expect(body['instance']).toBe('/v1/nothing');
  });

  it('a wrong method names the right ones', async () => {
    const response = await gateway.request({ method: 'DELETE', url: '/v1/reservations' });
    expectProblem(response, 405, 'METHOD_NOT_ALLOWED');
    expect(response.headers['allow']).toBe('GET, HEAD, POST, OPTIONS');
  });

  it('OPTIONS that is no preflight says what is allowed', async () => {
    const response = await gateway.request({ method: 'OPTIONS', url: '/v1/wallet' });
    expect([response.statusCode, response.headers['allow']]).toEqual([204, 'GET, HEAD, OPTIONS']);
    expectProblem(await gateway.request({ method: 'OPTIONS', url: '/v1/nothing' }), 404, 'NOT_FOUND');
  });

  it('HEAD is GET without a body', async () => {
    const response = await gateway.request({ method: 'HEAD', url: '/openapi.json' });
    expect([response.statusCode, response.body]).toEqual([200, '']);
  });

  it.each([
    ['broken JSON', '{"userId":', 'The body is not valid JSON.'],
    ['a poisoned prototype', '{"__proto__":{"a":1},"userId":"ann"}', undefined],
  ])('%s', async (_, payload, detail) => {
    const body = expectProblem(await gateway.request({ ...signIn, headers: json, payload }), 400, 'INVALID_REQUEST');
    if (detail) expect(body).toMatchObject({ detail, errors: [{ path: '', message: detail }] });
  });

  it('a body that is not UTF-8', async () => {
    const payload = Buffer.from('{"userId":"\xff"}', 'latin1');
    const body = expectProblem(await gateway.request({ ...signIn, headers: json, payload }), 400, 'INVALID_REQUEST');
    expect(body).toMatchObject({ errors: [{ path: '', message: 'The body is not valid UTF-8.' }] });
  });

  it('a missing body', async () => {
    expectProblem(await gateway.request(signIn), 400, 'INVALID_REQUEST');
    expectProblem(await gateway.request({ ...signIn, headers: json, payload: '' }), 400, 'INVALID_REQUEST');
  });

  it.each(['[]', '"text"', 'null', '7'])('the body %s where an object is wanted', async (payload) => {
    expectProblem(await gateway.request({ ...signIn, headers: json, payload }), 400, 'INVALID_REQUEST');
  });

  it('lists each wrong and each unknown member', async () => {
    const payload = { userId: 7, roles: ['pope'], extra: true };
    const body = expectProblem(await gateway.request({ ...signIn, payload }), 400, 'INVALID_REQUEST');
    expect((body['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual([
      'extra',
      'roles.0',
      'userId',
    ]);
  });

  it('text that no database can store', async () => {
    for (const userId of ['a\u0000b', 'a\nb', '\ud800']) {
      expectProblem(await gateway.request({ ...signIn, payload: { userId } }), 400, 'INVALID_REQUEST');
    }
  });

  it('a body over 64 KiB', async () => {
    const payload = { userId: 'x'.repeat(65_536) };
    expectProblem(await gateway.request({ ...signIn, payload }), 413, 'PAYLOAD_TOO_LARGE');
  });

  it.each([
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    { 'content-type': 'nonsense' },
  ])('the media type %j', async (headers) => {
    const payload = '{"userId":"ann"}';
    expectProblem(await gateway.request({ ...signIn, headers, payload }), 415, 'UNSUPPORTED_MEDIA_TYPE');
  });

  it('a badly encoded address, and one with an endless part', async () => {
    expectProblem(await gateway.request({ method: 'GET', url: '/v1/concerts/%zz' }), 400, 'INVALID_REQUEST');
    const url = `/v1/concerts/${'a'.repeat(3000)}`;
    expectProblem(await gateway.request({ method: 'GET', url }), 400, 'INVALID_REQUEST');
  });

  it('no access token, a broken one, one signed with another key', async () => {
    const other = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4iLCJleHAiOjk5OTk5OTk5OTl9.c2lnbmF0dXJl';
    for (const authorization of [undefined, 'Bearer', 'Basic YTpi', 'Bearer x.y.z', `Bearer ${other}`]) {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await gateway.request({ method: 'GET', url: '/v1/wallet', headers });
      expectProblem(response, 401, 'UNAUTHENTICATED');
      expect(response.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it('a missing role', async () => {
    const headers = await gateway.bearer('ann', ['operator']);
    const response = await gateway.request({
      method: 'POST',
      url: '/v1/admin/concerts',
      headers,
      payload: { title: 'x' },
    });
    expectProblem(response, 403, 'FORBIDDEN');
  });

  it('an unknown query parameter, a repeated one, a bad one', async () => {
    for (const query of ['?x=1', '?limit=1&limit=2', '?limit=0', '?limit=101', '?limit=1e1', '?cursor=%20']) {
      expectProblem(await gateway.request({ method: 'GET', url: `/v1/concerts${query}` }), 400, 'INVALID_REQUEST');
    }
  });

  it('a top-up without a key, or with one that is none', async () => {
    const headers = await gateway.bearer();
    const request = { method: 'POST', url: '/v1/wallet/top-ups', payload: { amount: 1 } } as const;
    expectProblem(await gateway.request({ ...request, headers }), 400, 'IDEMPOTENCY_KEY_REQUIRED');
    for (const key of ['', 'with space', 'x'.repeat(256), 'ü']) {
      const response = await gateway.request({ ...request, headers: { ...headers, 'idempotency-key': key } });
      expectProblem(response, 400, 'INVALID_REQUEST');
    }
  });

  it('a fault shows nothing of its inside', async () => {
    gateway.bus.answer = () => {
      throw new Error('secret of the inside');
    };
    const headers = { ...(await gateway.bearer()), 'idempotency-key': 'k' };
    const response = await gateway.request({
      method: 'POST',
      url: '/v1/wallet/top-ups',
      headers,
      payload: { amount: 1 },
    });
    expectProblem(response, 500, 'INTERNAL');
    expect(response.body).not.toContain('secret');
  });

  it('an upstream that is not there', async () => {
    const response = await gateway.request({ method: 'GET', url: '/v1/concerts' });
    expectProblem(response, 503, 'OVERLOADED');
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('a request id that could split a header is replaced, a harmless one echoed', async () => {
    const ask = (id: string) => gateway.request({ method: 'GET', url: '/v1/nothing', headers: { 'x-request-id': id } });
    expect((await ask('a-b.c:1')).headers['x-request-id']).toBe('a-b.c:1');
    for (const id of ['a\r\nSet-Cookie: x', 'a b', 'x'.repeat(200), '']) {
      expect((await ask(id)).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it.each([
    ['an unknown method', 'NONSENSE / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
    ['headers over the limit', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`, 400],
    ['a bare line feed inside a header', 'GET / HTTP/1.1\r\nHost: x\r\nA: a\nB\r\n\r\n', 400],
    ['a method no route has', 'PROPFIND /v1/wallet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 405],
  ])('on the wire: %s', async (_, text, status) => {
    const answer = await rawAnswer(port, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json; charset=utf-8');
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ status });
  });
});

function rawAnswer(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (answer += chunk));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
