import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  allSeats,
  anActiveFan,
  type Answer,
  type ApiClient,
  type AQueueingFan,
  eventually,
  linkTo,
  problemOf,
  type Role,
  rowsOf,
  startSystem,
  type System,
  type TcpLink,
  topUp,
} from '#testing';
import { settles } from './mistakes.js';

const OUTAGE_MS = 20_000;
const FITS_MS = 4_000;
/** By the contract an answer comes within 5 s. */
const ANSWER_MS = 5_000;
const FANS = 16;
const SEATS_EACH = 3;
const PRICE = 100;
const services: readonly Role[] = ['queue', 'concert', 'reservation', 'wallet'];

/** One request under its key, and what became of it. */
interface Sent {
  readonly api: ApiClient;
  readonly path: string;
  readonly body: unknown;
  readonly key: string;
  readonly duringOutage: boolean;
  answer: Answer;
  readonly took: number;
}

describe('a database that is away for 20 s under load', () => {
  let system: System;
  let link: TcpLink;
  let concert: AConcert;
  let fans: AQueueingFan[];
  let seats: string[];
  let away = false;
  const commands: Sent[] = [];
  const reads: { readonly answer: Answer; readonly took: number }[] = [];

  beforeAll(async () => {
    system = await startSystem();
    const url = new URL(system.databaseUrl('queue'));
    link = await linkTo(url.hostname, Number(url.port));
    await Promise.all(
      services.map((service) => {
        const own = new URL(system.databaseUrl(service));
        own.port = String(link.port);
        return system.processes[service][0]!.restart({ DATABASE_URL: own.href });
      }),
    );
    concert = await aConcertWith(system, { seats: FANS * SEATS_EACH, price: PRICE });
    seats = await allSeats(system, concert);
    fans = await Promise.all(Array.from({ length: FANS }, () => anActiveFan(system, concert)));
    await Promise.all(fans.map((fan) => topUp(fan, 10_000)));
  }, 120_000);
  afterAll(async () => {
    await system.stop();
    await link.close();
  });

  async function send(api: ApiClient, path: string, body?: unknown): Promise<Sent> {
    const key = randomUUID();
    const duringOutage = away;
    const started = performance.now();
    const answer = await api.post(path, body, { 'idempotency-key': key });
    const sent = { api, path, body, key, duringOutage, answer, took: performance.now() - started };
    commands.push(sent);
    return sent;
  }

  async function read(api: ApiClient, path: string): Promise<void> {
    const started = performance.now();
    const answer = await api.get(path);
    if (away) reads.push({ answer, took: performance.now() - started });
  }

  /** Top-ups without end; holds and payments spread over the outage; reads of everything between them. */
  async function buy(fan: AQueueingFan, own: string[], goesOn: () => boolean): Promise<void> {
    for (let round = 0; goesOn(); round += 1) {
      await send(fan.api, '/v1/wallet/top-ups', { amount: 1 });
      const seatId = own.pop();
      if (seatId) await send(fan.api, '/v1/reservations', { scheduleId: concert.scheduleId, seatIds: [seatId] });
      await Promise.all([
        read(fan.api, '/v1/wallet'),
        read(fan.api, '/v1/reservations'),
        read(fan.api, `/v1/concerts/${concert.concertId}/schedules`),
      ]);
      await pause(100);
    }
  }

  it('answers everything in time meanwhile: 202 for what is durable, 503 for what is not', async () => {
    let goesOn = true;
    const load = Promise.all(
      fans.map((fan, index) => buy(fan, seats.slice(index * SEATS_EACH, (index + 1) * SEATS_EACH), () => goesOn)),
    );
    await eventually(() => commands.some(({ answer }) => answer.status === 201));
    link.cut();
    away = true;
    await pause(OUTAGE_MS - FITS_MS);
    // It comes back in fits, as a failover does: a batch may fail where parking one of its messages would succeed.
    for (const end = performance.now() + FITS_MS; performance.now() < end; link.cut()) {
      link.mend();
      await pause(Math.random() * 50);
    }
    link.mend();
    away = false;
    await eventually(async () => (await fans[0]!.api.get('/v1/wallet')).status === 200, { within: 30_000 });
    goesOn = false;
    await load;

    const during = commands.filter(({ duringOutage }) => duringOutage);
    expect(during.length).toBeGreaterThan(FANS);
    expect(during.filter(({ answer }) => answer.status === 202).length).toBeGreaterThan(FANS);
    for (const { answer, took } of [...during, ...reads]) {
      expect(took).toBeLessThan(ANSWER_MS);
      // The gateway answers from memory for a second; what is on its way when the link breaks may still be answered.
      expect([200, 201, 202, 503]).toContain(answer.status);
      if (answer.status === 503) expect(problemOf(answer).code).toBe('OVERLOADED');
      if (answer.status === 202) expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect(reads.filter(({ answer }) => answer.status === 503).length).toBeGreaterThan(FANS);
  });

  it('parks nothing, and every request that was accepted is there exactly once', async () => {
    await Promise.all(commands.map((sent) => untilDecided(sent)));
    await settles(system);
    for (const sent of commands) expect({ [sent.path]: sent.answer.status }).toEqual({ [sent.path]: 201 });

    const topUps = commands.filter(({ path }) => path === '/v1/wallet/top-ups');
    const booked = await rowsOf<{ id: string }>(
      system.adminDatabaseUrl,
      'select top_up_id as id from wallet.transfer where top_up_id is not null',
    );
    const bookedIds = new Set(booked.map(({ id }) => id));
    expect(booked).toHaveLength(topUps.length + FANS);
    for (const { answer } of topUps) expect(bookedIds).toContain(answer.body.topUpId);

    const holds = commands.filter(({ path }) => path === '/v1/reservations');
    expect(holds.length).toBeGreaterThan(FANS);
    const claims = await rowsOf<{ seat_id: string; reservation_id: string }>(
      system.adminDatabaseUrl,
      'select seat_id, reservation_id from concert.claim where ended_at is null',
    );
    expect(claims).toHaveLength(holds.length);
    for (const { answer, body } of holds) {
      const [seat_id] = (body as { seatIds: string[] }).seatIds;
      expect(claims).toContainEqual({ seat_id, reservation_id: answer.body.reservationId });
    }
  });

  it('leaves every process as it was: none had to be restarted', () => {
    for (const service of services) expect(system.processes[service][0]!.isRunning).toBe(true);
  });

  /** Repeats what was not decided with the same key. */
  async function untilDecided(sent: Sent): Promise<void> {
    await eventually(
      async () => {
        if (![202, 503].includes(sent.answer.status)) return true;
        sent.answer = await sent.api.post(sent.path, sent.body, { 'idempotency-key': sent.key });
        return false;
      },
      { within: 40_000, every: 100 },
    );
  }
});
