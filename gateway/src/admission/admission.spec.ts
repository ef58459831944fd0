import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { aConcertId, aKeyRing, aSnapshot, aToken, minute, otherConcertId } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import type { QueuePlace } from './queue-place.js';
import { QueueTokens, type TokenFacts } from './queue-token.js';

const aScheduleId = '0190c000-0000-7000-8000-000000000001';
const aSeatId = '0190d000-0000-7000-8000-000000000001';
const hold = {
  method: 'POST',
  url: '/v1/reservations',
  payload: { scheduleId: aScheduleId, seatIds: [aSeatId] },
} as const;
const place = { url: `/v1/concerts/${aConcertId}/queue-token` } as const;

describe('admission', () => {
  let gateway: GatewayUnderTest;
  let bearer: { authorization: string };
  let version = 0;
  const now = Date.now();

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start();
    bearer = await gateway.bearer('ann');
  });
  afterAll(() => gateway.stop());
  beforeEach(() => {
    gateway.bus.asked.length = 0;
    gateway.bus.told.length = 0;
    gateway.bus.answer = () => ({ kind: 'answered', body: { concertId: aConcertId }, replayed: false });
  });

  /** A token of Ann's place, signed now by the gateway's key. */
  function token(facts: Partial<TokenFacts> = {}): string {
    const times = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };
    return gateway.app.get(QueueTokens).sign(aToken({ ...times, ...facts }));
  }

  function show(fields: Parameters<typeof aSnapshot>[0] = {}, line: Parameters<typeof aSnapshot>[1] = {}): void {
    gateway.feed.publish(aSnapshot({ version: ++version, at: new Date(now).toISOString(), ...fields }, line));
  }

  function ask(request: InjectOptions, queueToken?: string) {
    const headers = { ...bearer, ...(queueToken !== undefined && { 'queue-token': queueToken }) };
    return gateway.request({ ...request, headers });
  }

  it('answers a waiting visitor 202 with the renewed place, and forwards nothing', async () => {
    show();
    const signed = now - 3 * minute;
    const given = token({ issuedAt: signed, expiresAt: signed + 10 * minute, leaseUntil: signed + 15 * minute });
    const response = await ask(hold, given);
    const body = response.json<QueuePlace>();
    expect([response.statusCode, response.headers['queue-status']]).toEqual([202, 'WAITING']);
    expect(body).toMatchObject({
      status: 'WAITING',
      position: 10,
      queueNumber: 10,
      estimatedWaitSeconds: 5,
      mode: 'OPEN',
    });
    expect(body.expiresInSeconds).toBe(600);
    expect(response.headers['queue-token']).toBe(body.token);
    expect(response.headers['retry-after']).toBe(String(body.pollAfterSeconds));
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.headers['location']).toBeUndefined();
    expect(gateway.bus.asked).toEqual([]);
    const renewed = gateway.app.get(QueueTokens).verify(body.token)!;
    expect(renewed.expiresAt).toBeGreaterThanOrEqual(now + 10 * minute);
    expect(renewed).toMatchObject({ leaseUntil: signed + 15 * minute, shownPosition: 10, issuedAt: signed });
  });

  it('renews the lease first where the token would outlive it', async () => {
    show();
    const tokenId = '0190b000-0000-7000-8000-000000000002';
    const response = await ask(hold, token({ tokenId, leaseUntil: now + 9 * minute, expiresAt: now + 5 * minute }));
    const renewed = gateway.app.get(QueueTokens).verify(response.json<QueuePlace>().token)!;
    const [renewal] = gateway.bus.told;
    expect(renewal).toMatchObject({ type: 'queue.RenewLease.v1', payload: { tokenId, queueNumber: 10 } });
    expect(Date.parse(renewal!.payload['leaseUntil'] as string)).toBe(renewed.leaseUntil);
    expect(renewed.leaseUntil - renewed.expiresAt).toBe(5 * minute);
  });

  it('forwards what comes with a pass, and says so', async () => {
    show({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] });
    const response = await ask(hold, token());
    expect([response.statusCode, response.headers['queue-status']]).toEqual([201, 'ACTIVE']);
    expect(gateway.bus.asked).toMatchObject([
      { type: 'concert.HoldSeats.v1', payload: { userId: 'ann', concertId: aConcertId } },
    ]);
  });

  it('asks for the token first', async () => {
    const response = await ask(hold);
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([401, 'QUEUE_TOKEN_REQUIRED']);
    expect([response.headers['www-authenticate'], response.headers['queue-status']]).toEqual([
      'Queue-Token',
      undefined,
    ]);
  });

  it('refuses what is not this visitor’s token for this concert', async () => {
    show();
    const foreign = new QueueTokens(aKeyRing('k1')).sign(aToken());
    const other = { method: 'GET', url: `/v1/concerts/${otherConcertId}/schedules` } as const;
    const cases = [ask(hold, 'nonsense'), ask(hold, foreign), ask(hold, token({ userId: 'bob' })), ask(other, token())];
    for (const response of await Promise.all(cases)) {
      expect([response.statusCode, response.json()]).toMatchObject([401, { code: 'INVALID_TOKEN', reason: 'INVALID' }]);
      expect(response.headers['www-authenticate']).toBe('Queue-Token');
    }
  });

  it('refuses a forged token before it reads a body, and not before it knows who asks', async () => {
    show();
    const forged = `${token().slice(0, -43)}${'A'.repeat(43)}`;
    const codeOf = async (queueToken: string, authorization: string, payload: string | object) => {
      const headers = { authorization, 'content-type': 'application/json', 'queue-token': queueToken };
      const response = await gateway.request({ method: 'POST', url: hold.url, headers, payload });
      return response.json<{ code: string }>().code;
    };
    await ask({ method: 'GET', ...place }, token());
    expect(await codeOf(forged, bearer.authorization, '{"broken":')).toBe('INVALID_TOKEN');
    expect(await codeOf(token(), bearer.authorization, '{"broken":')).toBe('INVALID_REQUEST');
    expect(await codeOf(forged, 'Bearer x.y.z', hold.payload)).toBe('UNAUTHENTICATED');
  });

  it('ends with the pass, but for paying a while later', async () => {
    const at = now - 11 * minute;
    show({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at }] });
    const refused = await ask(hold, token());
    expect([refused.statusCode, refused.json()]).toMatchObject([401, { code: 'TOKEN_EXPIRED', reason: 'PASS_ENDED' }]);
    gateway.bus.answer = () => ({ kind: 'answered', body: { paymentId: 'p', status: 'REJECTED' }, replayed: false });
    const pay = { method: 'POST', url: `/v1/reservations/${aScheduleId}/payment` } as const;
    expect((await ask(pay, token())).statusCode).toBe(201);
  });

  it('ends at once where the payment was answered, and only for a completed one that is new', async () => {
    show({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] });
    const spender = token({ queueNumber: 3 });
    const pay = { method: 'POST', url: `/v1/reservations/${aScheduleId}/payment` } as const;
    const answer = (body: object) => {
      gateway.bus.answer = () => ({ kind: 'answered', body: { paymentId: aSeatId, ...body }, replayed: false });
    };
    answer({ status: 'COMPLETED', alreadyPaid: true });
    const again = await ask(pay, spender);
    expect([again.statusCode, again.headers['location'], again.json()]).toEqual([
      200,
      `/v1/payments/${aSeatId}`,
      { paymentId: aSeatId, status: 'COMPLETED' },
    ]);
    answer({ status: 'COMPLETED' });
    expect((await ask(pay, spender)).statusCode).toBe(201);
    const refused = await ask(hold, spender);
    expect([refused.statusCode, refused.json()]).toMatchObject([401, { code: 'TOKEN_EXPIRED', reason: 'SPENT' }]);
  });

  it('outlives the first decision of an earlier payment told again: that one spent another token', async () => {
    show({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] });
    const newcomer = token({ tokenId: '0190b000-0000-7000-8000-000000000005' });
    const pay = { method: 'POST', url: `/v1/reservations/${aScheduleId}/payment` } as const;
    gateway.bus.answer = () => ({
      kind: 'answered',
      body: { paymentId: aSeatId, status: 'COMPLETED' },
      replayed: true,
    });
    expect((await ask(pay, newcomer)).statusCode).toBe(201);
    expect((await ask({ method: 'GET', ...place }, newcomer)).statusCode).toBe(200);
  });

  it('lets a visitor leave, whose token is worth nothing then', async () => {
    show();
    const leaver = token({ queueNumber: 4 });
    gateway.bus.answer = () => ({ kind: 'pending' });
    const left = await ask({ method: 'DELETE', ...place }, leaver);
    expect([left.statusCode, left.body]).toEqual([204, '']);
    expect(gateway.bus.asked).toMatchObject([{ type: 'queue.LeaveQueue.v1' }]);
    for (const method of ['GET', 'DELETE'] as const) {
      const refused = await ask({ method, ...place }, leaver);
      expect([refused.statusCode, refused.json()]).toMatchObject([401, { code: 'TOKEN_EXPIRED', reason: 'LEFT' }]);
    }
  });

  it('ends as soon as the queue service tells it, long before a snapshot does', async () => {
    show({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] });
    gateway.endings.publish({ concertId: aConcertId, generation: 1, spent: [5], left: [6, 2_000] });
    const reasonOf = async (queueNumber: number) => (await ask(hold, token({ queueNumber }))).json().reason;
    expect([await reasonOf(5), await reasonOf(6), await reasonOf(2_000)]).toEqual(['SPENT', 'LEFT', 'LEFT']);
    expect((await ask(hold, token({ queueNumber: 7 }))).statusCode).toBe(201);
  });

  it('shows a place, active or waiting, with 200', async () => {
    show();
    const waiting = await ask({ method: 'GET', ...place }, token());
    expect([waiting.statusCode, waiting.headers['queue-status'], waiting.json()]).toMatchObject([
      200,
      'WAITING',
      { position: 10 },
    ]);
    show({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: now }] });
    const active = await ask({ method: 'GET', ...place }, token());
    expect(active.json()).toMatchObject({
      status: 'ACTIVE',
      position: 0,
      expiresAt: new Date(now + 10 * minute).toISOString(),
    });
  });

  it('tells waiting visitors of a closed room so', async () => {
    for (const [salesOpenAt, opensAt] of [
      [null, null],
      [new Date(now - 1).toISOString(), null],
      [new Date(now + minute).toISOString(), new Date(now + minute).toISOString()],
    ]) {
      show({ mode: 'CLOSED', salesOpenAt });
      const response = await ask(hold, token());
      expect(response.json()).toMatchObject({ status: 409, code: 'QUEUE_CLOSED', reason: 'CLOSED', opensAt });
      expect(response.headers['queue-token']).toBeUndefined();
    }
    show();
  });

  it('shows waiting visitors what operators tell them', async () => {
    show({ mode: 'PAUSED', message: 'Back at nine' });
    const response = await ask(hold, token());
    expect(response.json()).toMatchObject({ mode: 'PAUSED', message: 'Back at nine', estimatedWaitSeconds: null });
    show();
  });

  it('shows the line to everybody', async () => {
    show({ waitingCount: 5, servingNumber: 15 });
    const response = await gateway.request({ method: 'GET', url: `/v1/concerts/${aConcertId}/queue` });
    expect([response.statusCode, response.headers['cache-control']]).toEqual([200, 'public, max-age=1']);
    expect(response.json()).toEqual({
      concertId: aConcertId,
      mode: 'OPEN',
      draw: null,
      waitingCount: 5,
      activeCount: 0,
      lastQueueNumber: 20,
      servingNumber: 15,
      activationBatch: 1000,
      tickSeconds: 5,
      updatedAt: new Date(now).toISOString(),
    });
    const unknown = await gateway.request({ method: 'GET', url: `/v1/concerts/${otherConcertId}/queue` });
    expect(unknown.json()).toMatchObject({ code: 'CONCERT_NOT_FOUND' });
  });

  it('keeps the newest snapshot, whatever comes after it', async () => {
    show({ waitingCount: 7, version: 1_000 });
    version = 1_000;
    show({ waitingCount: 8, version: 999 });
    const shown = () => gateway.request({ method: 'GET', url: `/v1/concerts/${aConcertId}/queue` });
    expect((await shown()).json()).toMatchObject({ waitingCount: 7 });
    show({ waitingCount: 9, version: 1, generation: 2 });
    expect((await shown()).json()).toMatchObject({ waitingCount: 9 });
    const reset = await ask(hold, token());
    expect(reset.json()).toMatchObject({ code: 'INVALID_TOKEN', reason: 'RESET' });
  });
});
