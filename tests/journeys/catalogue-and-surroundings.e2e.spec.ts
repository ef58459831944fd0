import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  aConcertWith,
  anActiveFan,
  type ApiClient,
  eventually,
  expectProblem,
  expectStatus,
  ServiceProcess,
  startSystem,
  type System,
} from '#testing';
import { endpoints } from './endpoints.js';

describe('the catalogue', () => {
  let system: System;
  let organizer: ApiClient;

  beforeAll(async () => {
    system = await startSystem();
    organizer = await system.api.signIn('the-organizer', ['organizer']);
  });
  afterAll(() => system.stop());

  const show = (concertId: string) => system.api.get(`/v1/concerts/${concertId}`);

  it('has what an organizer announced, for everybody to read', async () => {
    const announced = {
      title: 'Winter Night',
      artist: 'The Quartet',
      venue: 'Blue Hall',
      timeZone: 'Europe/Berlin',
      salesOpenAt: '2026-01-01T00:00:00.000Z',
      salesCloseAt: '2099-01-01T00:00:00.000Z',
    };
    const answer = await organizer.post('/v1/admin/concerts', announced);
    const concert = expectStatus(answer, 201);
    expect(concert).toEqual({ concertId: expect.any(String), ...announced, dates: [] });
    expect(answer.headers.get('location')).toBe(`/v1/concerts/${concert.concertId}`);

    const dated = {
      startsAt: '2098-12-31T19:30:00Z',
      blocks: [
        { section: 'Floor', rows: 2, seatsPerRow: 3, price: 90_000 },
        { section: 'Balcony', rows: 1, seatsPerRow: 2, price: 60_000 },
      ],
    };
    const schedules = `/v1/admin/concerts/${concert.concertId}/schedules`;
    const schedule = expectStatus(await organizer.post(schedules, dated), 201);
    expect(schedule).toEqual({ scheduleId: expect.any(String), seatsTotal: 8 });

    const shown = await show(concert.concertId);
    expect(expectStatus(shown, 200)).toEqual({
      ...concert,
      dates: [{ scheduleId: schedule.scheduleId, startsAt: '2098-12-31T19:30:00.000Z' }],
    });
    expect(expectStatus(await system.api.get('/v1/concerts'), 200).items).toContainEqual(shown.body);

    const seats = `/v1/admin/schedules/${schedule.scheduleId}/seats`;
    const { items } = expectStatus(await organizer.get(seats), 200);
    expect(items).toHaveLength(8);
    expect(items[0]).toMatchObject({ row: '1', number: 1, currency: 'KRW', status: 'AVAILABLE' });
    const sections = items.map(({ section, row, price }: Record<string, unknown>) => `${section} ${row} ${price}`);
    expect(sections.sort()).toEqual([
      ...Array(2).fill('Balcony 1 60000'),
      ...Array(3).fill('Floor 1 90000'),
      ...Array(3).fill('Floor 2 90000'),
    ]);
  });

  it('fills in what an organizer left out', async () => {
    const concert = expectStatus(await organizer.post('/v1/admin/concerts', { title: 'Bare' }), 201);
    expect(concert).toEqual({
      concertId: expect.any(String),
      title: 'Bare',
      artist: null,
      venue: null,
      timeZone: 'Asia/Seoul',
      salesOpenAt: null,
      salesCloseAt: null,
      dates: [],
    });
  });

  it('is listed newest first, page by page', async () => {
    const made: string[] = [];
    for (const title of ['one', 'two', 'three']) {
      made.unshift(expectStatus(await organizer.post('/v1/admin/concerts', { title }), 201).concertId);
    }
    const page = async (query: string) => {
      const { items, nextCursor } = expectStatus(await system.api.get(`/v1/concerts${query}`), 200);
      return { ids: items.map(({ concertId }: { concertId: string }) => concertId), nextCursor };
    };
    const first = await page('?limit=2');
    expect(first.ids).toEqual(made.slice(0, 2));
    const second = await page(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.ids[0]).toBe(made[2]);
    expect((await system.api.get('/v1/concerts')).headers.get('cache-control')).toBe('public, max-age=1');
    expectProblem(await system.api.get('/v1/concerts?limit=abc'), 'INVALID_REQUEST');
    expectProblem(await show(randomUUID()), 'CONCERT_NOT_FOUND');
  });

  it('is written by organizers only', async () => {
    const concert = await aConcertWith(system, { seats: 2 });
    const fan = await anActiveFan(system, concert);
    const operator = await system.api.signIn('an-operator', ['operator']);
    const path = `/v1/admin/schedules/${concert.scheduleId}/seats`;
    for (const caller of [fan.api, operator]) {
      expectProblem(await caller.post('/v1/admin/concerts', { title: 'Mine' }), 'FORBIDDEN');
      expectProblem(await caller.post(`/v1/admin/concerts/${concert.concertId}/schedules`, {}), 'FORBIDDEN');
      expectProblem(await caller.get(path), 'FORBIDDEN');
      expectProblem(await caller.patch(path, {}), 'FORBIDDEN');
    }
    expectProblem(await system.api.post('/v1/admin/concerts', { title: 'Mine' }), 'UNAUTHENTICATED');
  });

  it('takes seats out of sale and gives them back, but none that is taken', async () => {
    const concert = await aConcertWith(system, { seats: 2 });
    const path = `/v1/admin/schedules/${concert.scheduleId}/seats`;
    const { items } = expectStatus(await organizer.get(path), 200);
    const [blockedSeat, soldSeat] = items.map(({ seatId }: { seatId: string }) => seatId);
    const block = (seatId: string, blocked: boolean) =>
      organizer.patch(path, { seatIds: [seatId], blocked, reason: 'a camera stands there' });
    expect(expectStatus(await block(blockedSeat, true), 200).items).toMatchObject([
      { seatId: blockedSeat, status: 'BLOCKED' },
    ]);
    const fan = await anActiveFan(system, concert);
    const hold = (seatId: string) =>
      fan.api.post('/v1/reservations', { scheduleId: concert.scheduleId, seatIds: [seatId] });
    expectProblem(await hold(blockedSeat), 'ALREADY_RESERVED_SEAT', { seatIds: [blockedSeat] });
    expectStatus(await hold(soldSeat), 201);
    expectProblem(await block(soldSeat, true), 'ALREADY_RESERVED_SEAT', { seatIds: [soldSeat] });
    expectStatus(await block(blockedSeat, false), 200);
    expectStatus(await hold(blockedSeat), 201);
    expectProblem(await block(randomUUID(), true), 'SEAT_NOT_FOUND');
    const nowhere = `/v1/admin/schedules/${randomUUID()}/seats`;
    expectProblem(await organizer.get(nowhere), 'SCHEDULE_NOT_FOUND');
  });

  it('takes a date for a concert that exists only', async () => {
    const dated = { startsAt: '2098-12-31T19:30:00Z', blocks: [{ section: 'A', rows: 1, seatsPerRow: 1, price: 1 }] };
    expectProblem(await organizer.post(`/v1/admin/concerts/${randomUUID()}/schedules`, dated), 'CONCERT_NOT_FOUND');
  });

  describe('and what surrounds it', () => {
    it('signs anybody in for development, with an end', async () => {
      const answer = await system.api.post('/v1/dev/sign-in', { userId: 'Ana' });
      const signedIn = expectStatus(answer, 200);
      expect(signedIn).toEqual({ accessToken: expect.any(String), expiresAt: expect.any(String) });
      expect(Date.parse(signedIn.expiresAt)).toBeGreaterThan(Date.now());
      const asAna = system.api.with({ headers: { authorization: `Bearer ${signedIn.accessToken}` } });
      expect(expectStatus(await asAna.get('/v1/wallet'), 200).userId).toBe('Ana');
      const [head, body, signature = ''] = String(signedIn.accessToken).split('.');
      const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
      for (const token of [`${head}.${body}.${flipped}`, `${head}.${body}.`, 'nonsense', '']) {
        const forged = system.api.with({ headers: { authorization: `Bearer ${token}` } });
        expectProblem(await forged.get('/v1/wallet'), 'UNAUTHENTICATED');
      }
    });

    it('does not start with development sign-in in production', async () => {
      const gateway = new ServiceProcess({
        name: 'gateway-in-production',
        main: 'gateway/src/main.js',
        port: 1,
        environment: {
          NODE_ENV: 'production',
          AUTH_MODE: 'dev',
          DEV_AUTH_KEY: 'd'.repeat(40),
          QUEUE_TOKEN_KEYS: `k1:${Buffer.alloc(32).toString('base64url')}`,
          KAFKA_BROKERS: system.kafka.brokers.join(','),
          QUEUE_URL: 'http://127.0.0.1:1',
          CONCERT_URL: 'http://127.0.0.1:1',
          RESERVATION_URL: 'http://127.0.0.1:1',
          WALLET_URL: 'http://127.0.0.1:1',
        },
      });
      gateway.spawn();
      await expect(gateway.ready()).rejects.toThrow('AUTH_MODE=dev refuses to run with NODE_ENV=production');
    });

    it('tells of every process whether it lives and is ready, and its metrics', async () => {
      for (const [one] of Object.values(system.processes)) {
        for (const path of ['/health/live', '/health/ready', '/metrics']) {
          await eventually(async () => {
            const { status } = await fetch(`${one!.url}${path}`);
            expect({ process: one!.name, path, status }).toMatchObject({ status: 200 });
            return true;
          });
        }
      }
    });

    it('answers browsers of localhost, and their preflights without a token', async () => {
      const origin = 'http://localhost:5173';
      const preflight = await system.api.send('OPTIONS', '/v1/reservations', undefined, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,queue-token,idempotency-key,content-type',
      });
      expect(preflight.status).toBe(204);
      const names = (header: string) => (preflight.headers.get(header) ?? '').toLowerCase().split(/, */).sort();
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-max-age')).toBe('7200');
      expect(names('access-control-allow-headers')).toEqual(
        'authorization content-type idempotency-key if-none-match last-event-id queue-token x-request-id'.split(' '),
      );
      expect(names('access-control-allow-methods')).toEqual(expect.arrayContaining(['get', 'post', 'patch', 'delete']));

      const answer = await system.api.get('/v1/wallet', { origin });
      expectProblem(answer, 'UNAUTHENTICATED');
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      const exposed = (answer.headers.get('access-control-expose-headers') ?? '').toLowerCase().split(/, */).sort();
      expect(exposed).toEqual(
        'date etag idempotent-replayed location queue-status queue-token retry-after x-request-id'.split(' '),
      );
      const stranger = await system.api.get('/v1/concerts', { origin: 'https://evil.example' });
      expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
    });

    it('echoes a request id, or makes one', async () => {
      const echoed = await system.api.get('/v1/concerts', { 'x-request-id': 'my-request-7' });
      expect(echoed.headers.get('x-request-id')).toBe('my-request-7');
      const made = await system.api.get('/v1/concerts', { 'x-request-id': 'not harmless <script>' });
      expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect((await system.api.get('/v1/nowhere')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    });

    it('is compressed for who asks for it', async () => {
      for (const encoding of ['gzip', 'br']) {
        const answer = await system.api.get('/openapi.json', { 'accept-encoding': encoding });
        expect(answer.headers.get('content-encoding')).toBe(encoding);
        expect(answer.body.openapi).toBe('3.1.0');
      }
    });

    it('describes itself in OpenAPI 3.1: every endpoint, and the codes of the contract', async () => {
      const document = expectStatus(await system.api.get('/openapi.json'), 200);
      expect(document.openapi).toMatch(/^3\.1\./);
      const listed = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      expect(listed).toEqual(expect.arrayContaining(endpoints));
      for (const operation of listed) {
        const [method = '', path = ''] = operation.split(' ');
        const concrete = path.replaceAll(/\{\w+\}/g, randomUUID());
        const { status } = await system.api.send(method, concrete);
        expect({ operation, status }).not.toMatchObject({ status: 405 });
        expect(status).toBeLessThan(500);
      }
    });

    it('has pages to read it', async () => {
      const docs = await system.api.get('/docs');
      expect(docs.status).toBe(200);
      expect(docs.headers.get('content-type')).toMatch(/^text\/html/);
      const script = /src="(?<path>[^"]+\.js)"/.exec(String(docs.body))?.groups?.path ?? '';
      const url = new URL(script, `${system.gateway}/docs`);
      expect(url.origin).toBe(system.gateway);
      expect((await fetch(url)).status).toBe(200);
      expectProblem(await system.api.get('/docs/nothing.js'), 'NOT_FOUND');
    });

    it('answers 404 where there is nothing, and 503 with Retry-After while a service is away', async () => {
      expectProblem(await system.api.get('/v1/nothing'), 'NOT_FOUND');
      const ana = await system.api.signIn('Ana');
      const [wallet] = system.processes.wallet;
      await wallet!.kill();
      expectProblem(await ana.get('/v1/wallet'), 'OVERLOADED');
      expectStatus(await system.api.get('/v1/concerts'), 200);
      await wallet!.restart();
      await eventually(async () => (await ana.get('/v1/wallet')).status === 200);
    });
  });
});
