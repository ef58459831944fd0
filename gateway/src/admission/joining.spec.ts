import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { aConcertId, aSnapshot, aToken, minute, otherConcertId } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import type { QueuePlace } from './queue-place.js';
import { QueueTokens, type TokenFacts } from './queue-token.js';

const place = { url: `/v1/concerts/${aConcertId}/queue-token` } as const;

describe('joining', () => {
  let gateway: GatewayUnderTest;
  let bearer: { authorization: string };
  let version = 0;
  const now = Date.now();

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start();
    bearer = await gateway.bearer('ann');
  });
  afterAll(() => gateway.stop());

  /** A token of Ann's place, signed now by the gateway's key. */
  function token(facts: Partial<TokenFacts>): string {
    const times = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };
    return gateway.app.get(QueueTokens).sign(aToken({ ...times, ...facts }));
  }

  function show(line: Parameters<typeof aSnapshot>[1] = {}): void {
    gateway.feed.publish(aSnapshot({ version: ++version, at: new Date(now).toISOString() }, line));
  }

  function ask(request: InjectOptions, queueToken?: string) {
    const headers = { ...bearer, ...(queueToken !== undefined && { 'queue-token': queueToken }) };
    return gateway.request({ ...request, headers });
  }

  const joined = (fields: object = {}) => ({
    concertId: aConcertId,
    generation: 1,
    queueNumber: 21,
    tokenId: '0190b000-0000-7000-8000-000000000005',
    userId: 'ann',
    status: 'WAITING',
    issuedAt: new Date(now).toISOString(),
    leaseUntil: new Date(now + 15 * minute).toISOString(),
    activeUntil: null,
    created: true,
    ...fields,
  });

  it('gives a place with a token that works', async () => {
    show();
    gateway.bus.answer = () => ({ kind: 'answered', body: joined(), replayed: false });
    const response = await ask({ method: 'POST', ...place });
    const body = response.json<QueuePlace>();
    expect([response.statusCode, body]).toMatchObject([201, { status: 'WAITING', queueNumber: 21, position: 21 }]);
    expect(gateway.bus.asked).toMatchObject([{ payload: { concertId: aConcertId, userId: 'ann' } }]);
    expect((await ask({ method: 'GET', ...place }, body.token)).statusCode).toBe(200);
  });

  it('again answers 200, and says when to ask', async () => {
    gateway.bus.answer = () => ({ kind: 'answered', body: joined({ created: false }), replayed: false });
    const response = await ask({ method: 'POST', ...place });
    expect(response.statusCode).toBe(200);
    const { pollAfterSeconds } = response.json<{ pollAfterSeconds: number }>();
    expect(response.headers['retry-after']).toBe(String(pollAfterSeconds));
  });

  it('again, or asking with an earlier token, never shows a higher position than was shown', async () => {
    const at = (queueNumber: number) => ({
      queueNumber,
      tokenId: `0190b000-0000-7000-8000-0000000000${queueNumber}`,
    });
    gateway.bus.answer = () => ({ kind: 'answered', body: joined({ ...at(15), created: false }), replayed: false });
    const first = token(at(15));
    const positionOf = async (response: ReturnType<typeof ask>) => (await response).json<QueuePlace>().position;
    show({ live: [0, 0, 0, 0, ...Array.from({ length: 16 }, () => 1)] });
    expect(await positionOf(ask({ method: 'GET', ...place }, first))).toBe(11);
    // Buckets are wider now, or the dead live again after an outage: counted anew it would be 15.
    show();
    expect(await positionOf(ask({ method: 'GET', ...place }, token({ ...at(16), shownPosition: null })))).toBe(16);
    expect(await positionOf(ask({ method: 'GET', ...place }, first))).toBe(11);
    expect(await positionOf(ask({ method: 'POST', ...place }))).toBe(11);
    // Another replica has shown it; its token says so, unless it is of another place.
    expect(await positionOf(ask({ method: 'POST', ...place }, token({ ...at(16), shownPosition: 2 })))).toBe(11);
    expect(await positionOf(ask({ method: 'POST', ...place }, token({ ...at(15), shownPosition: 3 })))).toBe(3);
  });

  it('is never pending: past the wait window it is to be repeated', async () => {
    gateway.bus.answer = () => ({ kind: 'pending' });
    const response = await ask({ method: 'POST', ...place });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([503, 'OVERLOADED']);
    expect(response.headers['retry-after']).toBeDefined();
  });

  it('a room that this replica has no snapshot of yet gives a waiting place', async () => {
    const elsewhere = { concertId: otherConcertId, tokenId: '0190b000-0000-7000-8000-000000000006' };
    gateway.bus.answer = () => ({ kind: 'answered', body: joined(elsewhere), replayed: false });
    const response = await ask({ method: 'POST', url: `/v1/concerts/${otherConcertId}/queue-token` });
    expect(response.json()).toMatchObject({ status: 'WAITING', position: null, estimatedWaitSeconds: null });
  });
});
