import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import type { queue } from '#contracts';
import { aConcertId, aRoom, aSnapshot, aToken, minute } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { QueueTokens } from '../admission/queue-token.js';
import { EventStream } from './event-stream.js';
import { isDue, PlaceEvents } from './place-events.js';

describe('a place', () => {
  const told = { at: 0, tick: 7, position: 10, mode: 'OPEN' };
  const seen = { now: 1_000, tick: 7, position: 10, mode: 'OPEN', tokenMs: 10 * minute };

  it('is told first, when its position is another with a new tick, and when the mode is another', () => {
    expect(isDue({ ...told, at: null }, seen)).toBe(true);
    expect(isDue(told, { ...seen, tick: 8, position: 9 })).toBe(true);
    expect(isDue(told, { ...seen, mode: 'PAUSED' })).toBe(true);
  });
  it('is not told while nothing has changed, or only within a tick', () => {
    expect(isDue(told, { ...seen, tick: 8 })).toBe(false);
    expect(isDue(told, { ...seen, position: 9 })).toBe(false);
  });
  it('is told within 30 s whatever happens, and four times in the life of a token', () => {
    expect([isDue(told, { ...seen, now: 24_999 }), isDue(told, { ...seen, now: 25_000 })]).toEqual([false, true]);
    const short = { ...seen, tokenMs: 4_000 };
    expect([isDue(told, { ...short, now: 999 }), isDue(told, { ...short, now: 1_000 })]).toEqual([false, true]);
  });
});

describe('an event', () => {
  const line = { concertId: aConcertId, mode: 'OPEN', message: null, opensAt: null } as const;
  const own = { status: 'WAITING', token: 't', queueNumber: 3, position: 2 } as never;

  it('is the tick and the whole place, of which what a line has in common is encoded once a snapshot', () => {
    const events = new PlaceEvents();
    const room = aRoom({ tickNumber: 42 });
    let encoded = 0;
    const common = { ...line, toJSON: () => ((encoded += 1), line) };
    const shown = { facts: aToken(), line: common, own };
    const [first] = [events.text('place', shown, room), events.text('place', shown, room)];
    const data = JSON.stringify({ ...line, ...(own as object) });
    expect(first).toBe(`event: place\nid: 42\ndata: ${data}\n\n`);
    expect(encoded).toBe(1);
    events.text('place', shown, aRoom());
    events.text('place', { ...shown, line: { ...common, opensAt: '2030-01-01T00:00:00.000Z' } }, room);
    expect(encoded).toBe(3);
  });
});

describe('a stream whose reader is behind', () => {
  it('takes no more than its buffer and one event, and goes on when the reader does', () => {
    const stream = new EventStream();
    const event = 'x'.repeat(1_000);
    let written = 0;
    for (let now = 0; now < 1_000; now += 1) if (stream.write(event, now)) written += 1;
    expect([written, stream.body.readableLength]).toEqual([17, 17_000]);
    expect(stream.fullFor(1_000)).toBe(1_000 - 16);
    expect(String(stream.body.read())).toHaveLength(17_000);
    expect([stream.fullFor(2_000), stream.write(event, 2_000)]).toEqual([0, true]);
  });
});

describe('a gateway with streams', () => {
  const url = `/v1/concerts/${aConcertId}/queue/events`;
  let gateway: GatewayUnderTest;
  let port: number;
  let bearer: { authorization: string };
  let version = 0;
  const now = Date.now();
  const show = (fields: Partial<queue.QueueSnapshot> = {}, line: Parameters<typeof aSnapshot>[1] = {}) =>
    gateway.feed.publish(
      aSnapshot({ version: ++version, tickNumber: version, at: new Date(now).toISOString(), ...fields }, line),
    );
  const headersOf = (queueNumber: number) => {
    const times = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };
    const tokenId = `0190b000-0000-7000-8000-0000000010${queueNumber}`;
    return { ...bearer, 'queue-token': gateway.app.get(QueueTokens).sign(aToken({ ...times, queueNumber, tokenId })) };
  };
  const metric = async (name: string) => {
    const { register } = await import('prom-client');
    return (await register.getSingleMetric(name)?.get())?.values[0]?.value;
  };

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start({ QUEUE_STREAMS_MAX: '5', IN_FLIGHT_MAX: '3' });
    bearer = await gateway.bearer('ann');
    port = await gateway.listen();
    show();
  });
  afterAll(() => gateway.stop());

  it('cuts off a reader who takes nothing, having kept no more than a buffer for it', async () => {
    // The sockets of both sides hold some megabytes: told every time, with the clock moved on.
    const socket = connect(port, '127.0.0.1').pause();
    await once(socket, 'connect');
    const headers = Object.entries({ host: 'gateway', ...headersOf(20) }).map(([name, value]) => `${name}: ${value}`);
    socket.write([`GET ${url} HTTP/1.1`, ...headers, '', ''].join('\r\n'));
    while ((await metric('gateway_queue_streams')) !== 1) await turn();
    const real = performance.now.bind(performance);
    let ahead = 0;
    performance.now = () => real() + ahead;
    try {
      const begun = real();
      for (let told = 0; (await metric('gateway_queue_streams')) === 1; told += 1) {
        show();
        ahead += 25_000;
        if (real() - begun > 20_000) throw new Error(`still open after ${told} events`);
        await turn();
      }
    } finally {
      performance.now = real;
    }
    socket.destroy();
  }, 30_000);

  it('takes so many and no more, tells the others to poll, and counts none as work', async () => {
    const abort = new AbortController();
    const listen = (queueNumber: number) =>
      fetch(`http://127.0.0.1:${port}${url}`, { headers: headersOf(queueNumber), signal: abort.signal });
    for (const queueNumber of [11, 12, 13, 14, 15]) expect((await listen(queueNumber)).status).toBe(200);
    const refused = await listen(16);
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
      503,
      '30',
      { code: 'OVERLOADED' },
    ]);
    const polled = await gateway.request({ url: url.replace('queue/events', 'queue-token'), headers: headersOf(16) });
    expect(polled.statusCode).toBe(200);
    abort.abort();
    while ((await metric('gateway_queue_streams')) !== 0) await turn();
  });

  it('gives no place more than four', async () => {
    const abort = new AbortController();
    const listen = () => fetch(`http://127.0.0.1:${port}${url}`, { headers: headersOf(17), signal: abort.signal });
    for (let opened = 0; opened < 4; opened += 1) expect((await listen()).status).toBe(200);
    expect((await listen()).status).toBe(503);
    abort.abort();
    while ((await metric('gateway_queue_streams')) !== 0) await turn();
  });

  it('keeps no stream open for who asks for the headers alone', async () => {
    const response = await gateway.request({ method: 'HEAD', url, headers: headersOf(18) });
    expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'text/event-stream']);
    while ((await metric('gateway_queue_streams')) !== 0) await turn();
  });

  it('refuses what it cannot begin as it refuses polling', async () => {
    const ask = async (headers: Record<string, string>) => {
      const response = await gateway.request({ url, headers });
      return [response.statusCode, response.json<{ code: string }>().code];
    };
    expect(await ask({})).toEqual([401, 'UNAUTHENTICATED']);
    expect(await ask(bearer)).toEqual([401, 'QUEUE_TOKEN_REQUIRED']);
    expect(await ask({ ...bearer, 'queue-token': 'nonsense' })).toEqual([401, 'INVALID_TOKEN']);
    expect(await ask({ ...headersOf(18), 'last-event-id': 'yesterday' })).toEqual([400, 'INVALID_REQUEST']);
    gateway.endings.publish({ concertId: aConcertId, generation: 1, spent: [], left: [19] });
    expect(await ask(headersOf(19))).toEqual([401, 'TOKEN_EXPIRED']);
    show({ mode: 'CLOSED' });
    expect(await ask(headersOf(18))).toEqual([409, 'QUEUE_CLOSED']);
    show();
  });

  it('ends a stream with what asking would be answered with, the moment it is so', async () => {
    const lastOf = async (queueNumber: number, cause: () => void) => {
      const response = await fetch(`http://127.0.0.1:${port}${url}`, { headers: headersOf(queueNumber) });
      cause();
      const [name, , data = ''] = (await response.text()).trimEnd().split('\n\n').at(-1)!.split('\n');
      const { code, reason, status } = JSON.parse(data.slice('data: '.length));
      return [name, code ?? status, reason];
    };
    expect(
      await lastOf(10, () => gateway.endings.publish({ concertId: aConcertId, generation: 1, spent: [], left: [10] })),
    ).toEqual(['event: expired', 'TOKEN_EXPIRED', 'LEFT']);
    expect(await lastOf(11, () => show({ mode: 'CLOSED' }))).toEqual(['event: closed', 'QUEUE_CLOSED', 'CLOSED']);
    show();
    const active = () => show({ servingNumber: 12 }, { activated: [{ from: 1, to: 12, at: now }] });
    expect(await lastOf(12, active)).toEqual(['event: active', 'ACTIVE', undefined]);
    expect(await lastOf(12, () => undefined)).toEqual(['event: active', 'ACTIVE', undefined]);
    expect(await lastOf(13, () => show({ generation: 2 }))).toEqual(['event: reset', 'INVALID_TOKEN', 'RESET']);
  });
});
