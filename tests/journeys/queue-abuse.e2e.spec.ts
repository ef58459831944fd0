import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aFan,
  aFanInLine,
  anActiveFan,
  type Answer,
  type ApiClient,
  apiOf,
  eventually,
  expectProblem,
  expectStatus,
  setMode,
  startSystem,
  type System,
} from '#testing';

const JOINS_PER_USER = 10;
const JOINS_PER_ADDRESS = 15;
const secret = () => randomBytes(32).toString('base64url');
const [k1, k2] = [`k1:${secret()}`, `k2:${secret()}`];
const shopKey = secret();
const joinOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/queue-token`;
const kidOf = (token: string) => token.split('.')[1];

let system: System;
/** Paused: everybody in its line waits. */
let concert: AConcert;

beforeAll(async () => {
  system = await startSystem({
    replicas: { gateway: 2 },
    settings: {
      QUEUE_TOKEN_KEYS: `${k1},${k2}`,
      INTROSPECTION_KEYS: `shop:${shopKey}`,
      JOINS_PER_USER,
      JOINS_PER_ADDRESS,
      // The test is a proxy that says where its clients are.
      TRUSTED_PROXIES: 'loopback',
    },
  });
  concert = await aConcertWith(system, { seats: 1 });
  await setMode(system, concert, 'PAUSED');
});
afterAll(() => system.stop());

describe('joining', () => {
  const from = (address: string, api: ApiClient) => api.with({ headers: { 'x-forwarded-for': address } });
  const joinFrom = async (address: string, api?: ApiClient): Promise<Answer> =>
    from(address, api ?? (await aFan(system)).api).post(joinOf(concert));

  function expectRefused(answer: Answer, perMinute: number): void {
    expectProblem(answer, 'RATE_LIMITED');
    const retryAfter = Number(answer.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60 / perMinute);
  }

  /** Also on a machine so slow that a join or two are allowed again meanwhile. */
  async function expectRefusedSoon(join: () => Promise<Answer>, perMinute: number): Promise<void> {
    for (let more = 0; more < 5; more += 1) {
      const answer = await join();
      if (answer.status >= 300) return expectRefused(answer, perMinute);
    }
    throw new Error('five more joins were allowed');
  }

  it('too often is refused, with the place kept and nothing taken from the neighbours', async () => {
    const hasty = (await aFan(system)).api;
    const begun = performance.now();
    const joins = await Promise.all(Array.from({ length: 30 }, () => joinFrom('203.0.113.1', hasty)));
    const taken = joins.filter(({ status }) => status < 300);
    const refused = joins.filter(({ status }) => status >= 300);
    const again = Math.floor(((performance.now() - begun) / 60_000) * JOINS_PER_USER);
    expect(taken.length).toBeGreaterThanOrEqual(JOINS_PER_USER);
    expect(taken.length).toBeLessThanOrEqual(JOINS_PER_USER + again);
    for (const answer of refused) expectRefused(answer, JOINS_PER_USER);
    expectStatus(await hasty.get(joinOf(concert), { 'queue-token': taken[0]!.body.token }), 200);
    // Elsewhere too: it is the user who is too quick.
    await expectRefusedSoon(() => joinFrom('203.0.113.2', hasty), JOINS_PER_USER);

    for (let left = JOINS_PER_ADDRESS - JOINS_PER_USER; left > 0; left -= 1) {
      expectStatus(await joinFrom('203.0.113.1'), 201);
    }
    await expectRefusedSoon(() => joinFrom('203.0.113.1'), JOINS_PER_ADDRESS);
    expectStatus(await joinFrom('203.0.113.3'), 201);
  });

  it('is counted by the /64 of an IPv6 address, and never by an address that the client made up', async () => {
    for (let host = 1; host <= JOINS_PER_ADDRESS; host += 1) {
      expectStatus(await joinFrom(`192.0.2.${host}, 2001:db8:0:1:${host}::1`), 201);
    }
    await expectRefusedSoon(() => joinFrom('192.0.2.99, 2001:db8:0:1:ffff::1'), JOINS_PER_ADDRESS);
    expectStatus(await joinFrom('2001:db8:0:2::1'), 201);
  });
});

describe('a shop outside that is shown a queue token', () => {
  const shop = () => apiOf(system.gateways[1]!, { authorization: `Bearer ${shopKey}` });
  const ask = async (body: object) => {
    const answer = await shop().post('/v1/queue-tokens/introspect', body);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    return expectStatus(answer, 200);
  };

  it('is told whose place it is and how far the line is, and renews nothing', async () => {
    const fan = await aFanInLine(system, concert);
    const place = expectStatus(await fan.api.get(joinOf(concert)), 200);
    const asked = { token: fan.queueToken, concertId: concert.concertId, userId: fan.userId };
    const told = await ask(asked);
    expect(told).toEqual({
      active: false,
      status: 'WAITING',
      concertId: concert.concertId,
      sub: fan.userId,
      queueNumber: place.queueNumber,
      position: place.position,
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    expect(await ask(asked)).toEqual(told);
  });

  it('lets in who is active until the pass ends, and nobody who has left, for another user or concert, or with a forged one', async () => {
    const onSale = await aConcertWith(system, { seats: 1 });
    const fan = await anActiveFan(system, onSale);
    const place = expectStatus(await fan.api.get(joinOf(onSale)), 200);
    const { queueToken: token } = fan;
    const told = await eventually(async () => {
      const verdict = await ask({ token });
      return verdict.active && verdict;
    });
    expect(told).toMatchObject({ status: 'ACTIVE', position: 0, sub: fan.userId });
    expect(told.exp).toBe(Math.floor(Date.parse(place.expiresAt) / 1000));

    const invalid = { active: false, status: 'INVALID', reason: 'INVALID' };
    expect(await ask({ token, userId: 'somebody-else' })).toEqual(invalid);
    expect(await ask({ token, concertId: concert.concertId })).toEqual(invalid);
    expect(await ask({ token: `${token.slice(0, -43)}${'A'.repeat(43)}` })).toEqual(invalid);
    expect(await ask({ token: 'nonsense' })).toEqual(invalid);

    // Left at the other gateway: this one knows once the snapshot says so.
    expectStatus(await fan.api.delete(joinOf(onSale)), 204);
    await eventually(async () => !(await ask({ token })).active);
    expect(await ask({ token })).toEqual({ active: false, status: 'EXPIRED', reason: 'LEFT' });
  });

  it('needs its key, and no user may ask in its place', async () => {
    const body = { token: 'any' };
    const { api } = await aFan(system);
    for (const caller of [system.api, api, system.api.with({ headers: { authorization: `Bearer ${secret()}` } })]) {
      expectProblem(await caller.post('/v1/queue-tokens/introspect', body), 'UNAUTHENTICATED');
    }
    expectProblem(await shop().get(joinOf(concert)), 'UNAUTHENTICATED');
  });
});

describe('changing the keys of queue tokens', () => {
  it('one gateway after the other loses nobody a place, and a key that is gone only the tokens it signed', async () => {
    const [first, second] = system.processes.gateway;
    const fan = await aFanInLine(system, concert);
    const ask = async (gateway: string | undefined, token: string) =>
      fan.api.with({ baseUrl: gateway ?? '' }).get(joinOf(concert), { 'queue-token': token });
    const shown = async (gateway: string | undefined, token: string) =>
      expectStatus<{ token: string; queueNumber: number }>(await ask(gateway, token), 200);
    const { token: old, queueNumber } = await shown(first!.url, fan.queueToken);
    expect(kidOf(old)).toBe('k1');

    await first!.restart({ QUEUE_TOKEN_KEYS: `${k2},${k1}` });
    const fromFirst = await shown(first!.url, old);
    expect([kidOf(fromFirst.token), fromFirst.queueNumber]).toEqual(['k2', queueNumber]);
    // The other gateway still signs with the old key, and takes what the new one signed.
    const fromSecond = await shown(second!.url, fromFirst.token);
    expect([kidOf(fromSecond.token), fromSecond.queueNumber]).toEqual(['k1', queueNumber]);

    await Promise.all([first!, second!].map((gateway) => gateway.restart({ QUEUE_TOKEN_KEYS: k2 })));
    for (const { url } of [first!, second!]) {
      expect((await shown(url, fromFirst.token)).queueNumber).toBe(queueNumber);
      expectProblem(await ask(url, fromSecond.token), 'INVALID_TOKEN', { reason: 'INVALID' });
    }
    // Even so the place is not lost: joining again gives it back.
    const again = expectStatus(await fan.api.post(joinOf(concert)), 200);
    expect([kidOf(again.token), again.queueNumber]).toEqual(['k2', queueNumber]);
  });
});
