import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { register } from 'prom-client';
import { eventually } from '#testing';
import { Problem } from '../problems/problem.js';
import { Upstream } from './upstream.js';

describe('queries to a service', () => {
  const servers: Server[] = [];
  const upstreams: Upstream[] = [];
  let connections = 0;

  async function serve(listener: RequestListener): Promise<Server> {
    const server = createServer(listener).on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return server;
  }

  function upstreamOf(server: Server, options: { timeoutMs?: number; resetMs?: number } = {}): Upstream {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const upstream = new Upstream({
      name: 'concert',
      url,
      timeoutMs: 10_000,
      inFlightMax: 10,
      resetMs: 150,
      ...options,
    });
    upstreams.push(upstream);
    return upstream;
  }

  afterEach(() => {
    for (const upstream of upstreams.splice(0)) upstream.close();
    for (const server of servers.splice(0)) server.close().closeAllConnections();
    connections = 0;
  });

  async function codeOf(answer: Promise<unknown>): Promise<string> {
    return answer.then(
      () => 'answered',
      (error: unknown) => (error instanceof Problem ? error.code : `fault: ${(error as Error).message}`),
    );
  }

  async function stateInMetrics(): Promise<number | undefined> {
    const metric = await register.getSingleMetric('gateway_breaker_state')?.get();
    return metric?.values.find(({ labels }) => labels['upstream'] === 'concert')?.value;
  }

  it('are answered with its text, over kept connections, and carry the trace', async () => {
    const seen: unknown[] = [];
    const upstream = upstreamOf(
      await serve((request, response) => {
        seen.push([request.url, request.headers.traceparent]);
        response.end('{"a":1}');
      }),
    );
    for (let count = 0; count < 20; count += 1) expect(await upstream.get('/x?y=1', '00-a-b-01')).toBe('{"a":1}');
    expect(seen[0]).toEqual(['/x?y=1', '00-a-b-01']);
    // The next query may begin before the connection of the last one is free again.
    expect(connections).toBeLessThanOrEqual(2);
  });

  it('that it refuses keep the code, and never open the breaker', async () => {
    const upstream = upstreamOf(
      await serve((request, response) => {
        response.statusCode = request.url === '/bad' ? 400 : 404;
        response.end(JSON.stringify({ code: request.url === '/bad' ? 'INVALID_REQUEST' : 'RESERVATION_NOT_FOUND' }));
      }),
    );
    for (let count = 0; count < 20; count += 1) expect(await codeOf(upstream.get('/x'))).toBe('RESERVATION_NOT_FOUND');
    expect(await codeOf(upstream.get('/bad'))).toBe('INVALID_REQUEST');
    expect(upstream.state).toBe('closed');
  });

  it('are aborted after their time, and answered OVERLOADED', async () => {
    let aborted = 0;
    const upstream = upstreamOf(await serve((request) => void request.once('close', () => (aborted += 1))), {
      timeoutMs: 50,
    });
    expect(await codeOf(upstream.get('/slow'))).toBe('OVERLOADED');
    await eventually(() => aborted === 1);
  });

  it('that fail for a fault of the service are told as its fault, other failures as OVERLOADED', async () => {
    let status = 500;
    const upstream = upstreamOf(await serve((_, response) => void response.writeHead(status).end()));
    expect(await codeOf(upstream.get('/x'))).toBe('fault: concert answered 500');
    status = 503;
    expect(await codeOf(upstream.get('/x'))).toBe('OVERLOADED');
  });

  it('are not sent while the breaker is open, are told so at once, and go again by themselves', async () => {
    let broken = true;
    let requests = 0;
    const upstream = upstreamOf(
      await serve((_, response) => {
        requests += 1;
        response.writeHead(broken ? 503 : 200).end('{}');
      }),
    );
    for (let count = 0; count < 4; count += 1) await codeOf(upstream.get('/x'));
    // Fewer than five say nothing.
    expect(upstream.state).toBe('closed');
    await codeOf(upstream.get('/x'));
    expect([upstream.state, await stateInMetrics()]).toEqual(['open', 2]);

    const sentBefore = requests;
    const refusal = await upstream.get('/x').catch((error: unknown) => error as Problem);
    expect(refusal).toMatchObject({ code: 'OVERLOADED', extras: { headers: { 'Retry-After': '1' } } });
    expect(requests).toBe(sentBefore);

    broken = false;
    await eventually(async () => (await codeOf(upstream.get('/x'))) === 'answered');
    expect([upstream.state, await stateInMetrics()]).toEqual(['closed', 0]);
  });

  it('never wait for a service that hangs once the breaker is open, not even to try it again', async () => {
    let tries = 0;
    const upstream = upstreamOf(await serve(() => (tries += 1)), { timeoutMs: 3_000, resetMs: 50 });
    await Promise.all(Array.from({ length: 5 }, () => codeOf(upstream.get('/x'))));
    expect(upstream.state).toBe('open');
    let slowest = 0;
    await eventually(
      async () => {
        const begun = performance.now();
        expect(await codeOf(upstream.get('/x'))).toBe('OVERLOADED');
        slowest = Math.max(slowest, performance.now() - begun);
        return tries >= 6;
      },
      { every: 5 },
    );
    expect(slowest).toBeLessThan(1_500);
  });

  it('beyond the number in work are refused', async () => {
    const upstream = upstreamOf(await serve((_, response) => void setTimeout(() => response.end('{}'), 200)));
    const codes = await Promise.all(Array.from({ length: 12 }, () => codeOf(upstream.get('/x'))));
    expect(codes.filter((code) => code === 'OVERLOADED')).toHaveLength(2);
  });
});
