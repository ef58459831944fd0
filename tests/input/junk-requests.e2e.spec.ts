import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { randomInt, randomUUID } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aHeldReservation,
  allSeats,
  anActiveFan,
  type ApiClient,
  aPaidReservation,
  expectStatus,
  problemOf,
  eventually,
  rowsOf,
  startSystem,
  type System,
} from '#testing';
import { junkFor, type JsonSchema, type JunkRequest, type Route } from './junk.js';

const CASES = 100;
const seed = Number(process.env['JUNK_SEED'] ?? randomInt(2 ** 31));

const stores = {
  queue: ['place'],
  concert: ['concert', 'schedule', 'seat', 'claim', 'confirmation'],
  reservation: ['reservation', 'payment', 'payment_timeline', 'cancellation'],
  wallet: ['wallet', 'transfer', 'entry', 'barrier'],
};

interface Operation {
  parameters: { name: string; in: string }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
  security: Record<string, unknown>[];
}

describe('junk', () => {
  let system: System;
  let concert: AConcert;
  /** May do everything: a pass, money, every role. */
  let caller: ApiClient;
  let routes: Route[];

  beforeAll(async () => {
    process.stderr.write(`junk requests: JUNK_SEED=${seed}\n`);
    system = await startSystem();
    concert = await aConcertWith(system, { seats: 10 });
    const fan = await anActiveFan(system, concert);
    const { reservationId } = await aHeldReservation(system, concert, { fan });
    const { paymentId } = await aPaidReservation(system, concert, { fan: await anActiveFan(system, concert) });
    // The answer comes before the saga's last step, and nothing may change behind the junk's back.
    await eventually(async () => {
      const [open] = await rowsOf(
        system.adminDatabaseUrl,
        'select count(*)::int as payments from reservation.payment where finished_at is null',
      );
      return open!.payments === 0;
    });
    const privileged = await system.api.signIn(fan.userId, ['organizer', 'operator']);
    caller = privileged.with({ headers: { 'queue-token': fan.queueToken } });
    // No letter lies anywhere: it is refused as unknown where nothing else is wrong.
    routes = await routesOf({ ...concert, reservationId, paymentId, deadLetterId: randomUUID() });
  });
  afterAll(() => system.stop());

  it('at any route is refused as the contract says, reaches no service and changes nothing', async () => {
    expect(routes.length).toBeGreaterThanOrEqual(26);
    const before = await everythingStored(true);
    await Promise.all(
      routes.map((route) =>
        fc.assert(
          fc.asyncProperty(junkFor(route), (junk) => isRefused(route, junk)),
          { numRuns: CASES, seed, endOnFailure: false },
        ),
      ),
    );
    expect(await everythingStored(true)).toEqual(before);
  }, 120_000);

  it('that only names what does not exist is told so, and changes nothing', async () => {
    const before = await everythingStored(false);
    for (const route of routes.filter(({ goodParams }) => Object.keys(goodParams).length > 0)) {
      const url = route.path.replaceAll(/\{\w+\}/g, () => randomUUID());
      const answer = await caller.send(route.method, url, route.goodBody && JSON.stringify(route.goodBody), {
        ...(route.goodBody && { 'content-type': 'application/json' }),
      });
      const { code } = problemOf(answer);
      // The concert is looked at with the pass, before anybody looks for it.
      expect(code).toMatch(route.headers.includes('queue-token') ? /_NOT_FOUND$|^INVALID_TOKEN$/ : /_NOT_FOUND$/);
    }
    expect(await everythingStored(false)).toEqual(before);
  });

  it('leaves the system at work', async () => {
    await aPaidReservation(system, concert);
    const [letters] = await rowsOf(
      system.adminDatabaseUrl,
      Object.keys(stores)
        .map((schema) => `select count(*)::int as parked from ${schema}.dead_letter`)
        .join(' union '),
    );
    expect(letters).toEqual({ parked: 0 });
  });

  async function isRefused(route: Route, { fault, url, body, headers }: JunkRequest): Promise<void> {
    const answer = await caller.send(route.method, url, body, headers);
    const shown = `${fault}: ${route.method} ${url} answered ${answer.status}`;
    if (answer.status < 400 || answer.status >= 500) throw new Error(shown);
    try {
      problemOf(answer);
    } catch (error) {
      throw new Error(`${shown}: ${String(error)}`, { cause: error });
    }
  }

  /** Every row of every table as one hash each; with the inboxes, what has reached a service. */
  async function everythingStored(withInboxes: boolean): Promise<unknown> {
    const tables = Object.entries(stores).flatMap(([schema, names]) => names.map((name) => `${schema}.${name}`));
    // The queue's inbox grows with every tick.
    const inboxes = withInboxes ? ['concert.inbox', 'reservation.inbox', 'wallet.inbox'] : [];
    const counted = [...tables, ...inboxes].map(
      (table) =>
        `select '${table}' as name, count(*)::int as rows, md5(coalesce(string_agg(t::text, '|' order by t::text), ''))
         from ${table} t`,
    );
    const balances = `select 'balances', 0, coalesce(sum(balance), 0)::text from wallet.wallet`;
    return rowsOf(system.adminDatabaseUrl, `${[...counted, balances].join(' union all ')} order by 1`);
  }

  async function routesOf(known: Record<string, unknown>): Promise<Route[]> {
    const document = expectStatus(await system.api.get('/openapi.json'), 200);
    const [seatId] = await allSeats(system, concert);
    const bodies = goodBodies(concert.scheduleId, seatId!);
    return Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([name, { parameters, requestBody, security }]): Route => {
        const method = name.toUpperCase();
        const goodBody = bodies[`${method} ${path}`];
        const body = resolved(requestBody?.content['application/json']?.schema, document);
        if (body && !goodBody) throw new Error(`no good body for ${method} ${path}: write one in this file`);
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => [param, String(known[param])]);
        const tokens = security.flatMap((one) => Object.keys(one));
        const headers = parameters.filter((one) => one.in === 'header').map((one) => one.name.toLowerCase());
        if (tokens.includes('accessToken')) headers.push('authorization');
        if (tokens.includes('queueToken')) headers.push('queue-token');
        return { method, path, parameters, headers, body, goodBody, goodParams: Object.fromEntries(inPath) };
      }),
    );
  }
});

/** With every member there is, so that each can be spoiled. */
function goodBodies(scheduleId: string, seatId: string): Record<string, Record<string, unknown>> {
  return {
    'POST /v1/concerts/{concertId}/queue-token': { code: 'junk' },
    'POST /v1/reservations': { scheduleId, seatIds: [seatId] },
    'POST /v1/wallet/top-ups': { amount: 1_000 },
    'POST /v1/admin/concerts': {
      title: 'Junk night',
      artist: 'Nobody',
      venue: 'Nowhere',
      timeZone: 'Europe/Berlin',
      salesOpenAt: '2026-01-01T00:00:00Z',
      salesCloseAt: '2098-01-01T00:00:00Z',
    },
    'POST /v1/admin/concerts/{concertId}/schedules': {
      startsAt: '2098-01-01T00:00:00Z',
      blocks: [{ section: 'A', rows: 1, seatsPerRow: 1, price: 1_000 }],
    },
    'PATCH /v1/admin/concerts/{concertId}/queue': {
      mode: 'PAUSED',
      activationBatch: 10,
      tickSeconds: 5,
      maxActive: 100,
      instantBelow: 10,
      classes: [{ name: 'junk', share: 10, code: 'junk' }],
      message: 'junk',
      reason: 'junk',
    },
    'POST /v1/admin/concerts/{concertId}/queue/reset': { reason: 'junk' },
    'PATCH /v1/admin/schedules/{scheduleId}/seats': { seatIds: [seatId], blocked: true, reason: 'junk' },
    'POST /v1/admin/payments/{paymentId}/retry': { reason: 'junk' },
    'POST /v1/admin/payments/{paymentId}/compensate': { reason: 'junk' },
    'POST /v1/admin/dead-letters/{deadLetterId}/replay': { reason: 'junk' },
    'POST /v1/dev/sign-in': { userId: 'junk', roles: ['organizer'] },
  };
}

/** The schema with its references replaced. */
function resolved<Schema extends JsonSchema | undefined>(schema: Schema, document: object): Schema {
  const text = JSON.stringify(schema, (_, value: unknown) => {
    const { $ref } = (value ?? {}) as { $ref?: string };
    if ($ref === undefined) return value;
    return $ref
      .slice(2)
      .split('/')
      .reduce((part, name) => (part as Record<string, object>)[name]!, document);
  });
  return text === undefined ? schema : (JSON.parse(text) as Schema);
}
