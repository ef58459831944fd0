import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  allSeats,
  anActiveFan,
  type AQueueingFan,
  eventually,
  linkTo,
  promptSettings,
  type Role,
  rowsOf,
  startSystem,
  type System,
  type TcpLink,
} from '#testing';
import { expectAnswered, expectCountedOnce, expectSameDecisions, undecided } from './decided-once.js';
import { settles } from './mistakes.js';
import { Traffic } from './traffic.js';

const FITS_MS = 8_000;
const FANS = 16;
const SEATS_EACH = 3;
const services: readonly Role[] = ['queue', 'concert', 'reservation', 'wallet'];

describe('a database that comes and goes under load, as in a failover', () => {
  let system: System;
  let link: TcpLink;
  let concert: AConcert;
  let fans: AQueueingFan[];
  let seats: string[];
  let traffic: Traffic | undefined;

  beforeAll(async () => {
    system = await startSystem({ settings: promptSettings });
    const url = new URL(system.databaseUrl('queue'));
    link = await linkTo(url.hostname, Number(url.port));
    await Promise.all(
      services.map((service) => {
        const own = new URL(system.databaseUrl(service));
        own.port = String(link.port);
        return system.processes[service][0]!.restart({ DATABASE_URL: own.href });
      }),
    );
    concert = await aConcertWith(system, { seats: FANS * SEATS_EACH, price: 100 });
    seats = await allSeats(system, concert);
    fans = await Promise.all(Array.from({ length: FANS }, () => anActiveFan(system, concert)));
  }, 120_000);
  afterAll(async () => {
    await traffic?.stop();
    await system.stop();
    await link.close();
  });

  it('answers everything in time meanwhile', async () => {
    traffic = new Traffic(system, concert, fans, (fan) => seats.slice(fan * SEATS_EACH, (fan + 1) * SEATS_EACH));
    await eventually(() => traffic!.sent.some(({ answer }) => answer?.status === 201));
    const from = performance.now();
    // A batch may fail where parking one of its messages would succeed.
    for (const end = from + FITS_MS; performance.now() < end; link.mend()) {
      link.cut();
      await pause(Math.random() * 500);
      link.mend();
      await pause(Math.random() * 50);
    }
    const to = performance.now();
    await eventually(async () => (await fans[0]!.api.get('/v1/wallet')).status === 200, { within: 30_000 });
    await eventually(() => traffic!.sent.filter(({ kind }) => kind === 'hold').length >= FANS, { within: 60_000 });
    await traffic.stop();
    expectAnswered(traffic.sent);
    expect(undecided(traffic.between(from, to)).length).toBeGreaterThan(FANS);
  });

  it('parks nothing, and every request that was accepted is there exactly once', async () => {
    const { sent } = traffic!;
    await expectSameDecisions(sent);
    await settles(system);
    await expectCountedOnce(sent, fans);
    const holds = sent.filter(({ kind }) => kind === 'hold');
    const claims = await rowsOf<{ seat_id: string }>(
      system.adminDatabaseUrl,
      'select seat_id from concert.claim where ended_at is null',
    );
    const held = holds.flatMap(({ body }) => (body as { seatIds: string[] }).seatIds);
    expect(claims.map(({ seat_id }) => seat_id).sort()).toEqual(held.sort());
  });

  it('leaves every process as it was: none had to be restarted', () => {
    for (const service of services) expect(system.processes[service][0]!.isRunning).toBe(true);
  });
});
