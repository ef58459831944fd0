import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { Overloaded } from '#messaging';
import { aSnapshot } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';

const anId = '0190c000-0000-7000-8000-00000000000a';

describe('a request that changes something', () => {
  let gateway: GatewayUnderTest;
  let ann: { authorization: string };
  let organizer: { authorization: string };

  beforeAll(async () => {
    gateway = await GatewayUnderTest.start({ REPLY_WAIT_MS: '500' });
    ann = await gateway.bearer('ann');
    organizer = await gateway.bearer('otto', ['organizer']);
  });
  afterAll(() => gateway.stop());
  beforeEach(() => {
    gateway.bus.asked.length = 0;
    gateway.bus.answer = () => ({ kind: 'answered', body: { topUpId: anId }, replayed: false });
  });

  function topUp(key: string, payload: object = { amount: 5 }, user = ann) {
    const headers = { ...user, 'idempotency-key': key };
    return gateway.request({ method: 'POST', url: '/v1/wallet/top-ups', headers, payload } as InjectOptions);
  }

  it('becomes one command, with the ids of its key', async () => {
    const response = await topUp('k1');
    await topUp('k1');
    await topUp('k1', { amount: 6 });
    await topUp('k1', { amount: 5 }, organizer);
    expect([response.statusCode, response.json(), response.headers['idempotent-replayed']]).toEqual([
      201,
      { topUpId: anId },
      undefined,
    ]);
    const [first, repeat, otherBody, otherUser] = gateway.bus.asked;
    expect(first).toMatchObject({ type: 'wallet.TopUp.v1', payload: { userId: 'ann', amount: 5 } });
    expect(repeat!.payload).toEqual(first!.payload);
    expect([repeat!.options.id, repeat!.options.requestHash]).toEqual([first!.options.id, first!.options.requestHash]);
    // Each try has its own correlation id: the reply to one must not be taken for the other's.
    expect(repeat!.options.correlationId).not.toBe(first!.options.correlationId);
    expect(otherBody!.options.id).toBe(first!.options.id);
    expect(otherBody!.options.requestHash).not.toBe(first!.options.requestHash);
    expect(otherUser!.options.id).not.toBe(first!.options.id);
  });

  it('is followed by the id that its answer shows', async () => {
    const response = await topUp('k2');
    expect(gateway.bus.asked[0]!.options.correlationId).toBe(response.headers['x-request-id']);
    const headers = { ...ann, 'idempotency-key': 'k2', 'x-request-id': 'mine' };
    await gateway.request({ method: 'POST', url: '/v1/wallet/top-ups', headers, payload: { amount: 5 } });
    expect(gateway.bus.asked[1]!.options.correlationId).toBeUndefined();
  });

  it('that was decided before says so', async () => {
    gateway.bus.answer = () => ({ kind: 'answered', body: { topUpId: anId }, replayed: true });
    expect((await topUp('k')).headers['idempotent-replayed']).toBe('true');
    gateway.bus.answer = () => ({ kind: 'rejected', code: 'BALANCE_LIMIT_EXCEEDED', detail: 'no', replayed: true });
    const response = await topUp('k');
    expect([response.statusCode, response.headers['idempotent-replayed']]).toEqual([422, 'true']);
  });

  it('that a service refuses becomes its problem, members included', async () => {
    const cases = [
      ['NOT_ENOUGH_BALANCE', 402, { balance: 1, amount: 2, paymentId: anId }],
      ['SALES_CLOSED', 409, { salesOpenAt: null, salesCloseAt: null }],
      ['EXPIRED_RESERVATION', 410, { paymentId: anId }],
      ['IDEMPOTENCY_KEY_REUSED', 422, {}],
      ['TICKET_LIMIT_EXCEEDED', 422, { limit: 4 }],
    ] as const;
    for (const [code, status, members] of cases) {
      gateway.bus.answer = () => ({ kind: 'rejected', code, detail: 'because', members, replayed: false });
      const response = await topUp('k');
      expect([response.statusCode, response.json()]).toMatchObject([
        status,
        { code, detail: 'because', status, ...members },
      ]);
    }
  });

  it('cannot be made to look like another problem by a service’s members', async () => {
    const members = { code: 'OTHER', status: 200, type: 'x' };
    gateway.bus.answer = () => ({ kind: 'rejected', code: 'SALES_CLOSED', detail: 'd', members, replayed: false });
    expect((await topUp('k')).json()).toMatchObject({
      code: 'SALES_CLOSED',
      status: 409,
      type: 'urn:problem:sales-closed',
    });
  });

  it('that was parked is a fault', async () => {
    gateway.bus.answer = () => ({ kind: 'parked', reason: 'secret' });
    const response = await topUp('k');
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([500, 'INTERNAL']);
    expect(response.body).not.toContain('secret');
  });

  it('that the broker does not take is to be repeated', async () => {
    gateway.bus.answer = () => Promise.reject(new Overloaded('full'));
    const response = await topUp('k');
    expect([response.statusCode, response.json<{ code: string }>().code, response.headers['retry-after']]).toEqual([
      503,
      'OVERLOADED',
      '1',
    ]);
  });

  it('and is not decided in time names the key that gives the decision', async () => {
    gateway.bus.answer = () => ({ kind: 'pending' });
    const keyed = await topUp('k');
    expect([keyed.statusCode, keyed.json()]).toEqual([202, { status: 'PENDING', idempotencyKey: 'k' }]);
    expect(keyed.headers['retry-after']).toBe('2');

    const cancel = { method: 'POST', url: `/v1/reservations/${anId}/cancel` } as const;
    const unkeyed = await gateway.request({ ...cancel, headers: ann });
    const { idempotencyKey } = unkeyed.json<{ idempotencyKey: string }>();
    expect([unkeyed.statusCode, unkeyed.headers['location']]).toEqual([202, `/v1/reservations/${anId}`]);
    await gateway.request({ ...cancel, headers: { ...ann, 'idempotency-key': idempotencyKey } });
    const [, first, repeat] = gateway.bus.asked;
    expect([repeat!.options.id, repeat!.payload]).toEqual([first!.options.id, first!.payload]);
  });

  it('names one path whatever the spelling of its ids', async () => {
    for (const spelling of [anId, anId.toUpperCase()]) {
      const headers = { ...ann, 'idempotency-key': 'k' };
      await gateway.request({ method: 'POST', url: `/v1/reservations/${spelling}/cancel`, headers });
    }
    const [first, second] = gateway.bus.asked;
    expect([second!.options.id, second!.payload]).toEqual([first!.options.id, first!.payload]);
  });

  it('takes an empty JSON body where it wants none, and no other', async () => {
    const cancel = { method: 'POST', url: `/v1/reservations/${anId}/cancel`, headers: ann } as const;
    gateway.bus.answer = () => ({ kind: 'answered', body: { concertId: anId }, replayed: false });
    expect((await gateway.request({ ...cancel, payload: {} })).statusCode).toBe(200);
    expect((await gateway.request({ ...cancel, payload: { force: true } })).statusCode).toBe(400);
    expect((await gateway.request({ ...cancel, payload: [] as unknown as object })).statusCode).toBe(400);
  });

  it.each([0, -1, 1.5, 10_000_001, 1e300, '5', null, true, [1], { amount: 1 }])(
    'takes no top-up of %j',
    async (amount) => {
      expect((await topUp('k', { amount })).statusCode).toBe(400);
      expect(gateway.bus.asked).toEqual([]);
    },
  );

  describe('by an organizer', () => {
    const create = (payload: object) =>
      gateway.request({ method: 'POST', url: '/v1/admin/concerts', headers: organizer, payload });

    it('announces a concert, and answers once its waiting room is known here', async () => {
      let concertId = '';
      gateway.bus.answer = ({ payload }) => {
        concertId = payload['concertId'] as string;
        setTimeout(() => gateway.feed.publish(aSnapshot({ concertId })), 20);
        return { kind: 'answered', body: { ...payload, dates: [] }, replayed: false };
      };
      const response = await create({ title: 'Night', salesOpenAt: '2030-01-01T00:00:00.000000Z' });
      expect([response.statusCode, response.headers['location']]).toEqual([201, `/v1/concerts/${concertId}`]);
      expect(gateway.bus.asked[0]!.payload).toMatchObject({
        title: 'Night',
        artist: null,
        timeZone: 'Asia/Seoul',
        salesOpenAt: '2030-01-01T00:00:00.000Z',
      });
      const line = await gateway.request({ method: 'GET', url: `/v1/concerts/${concertId}/queue` });
      expect(line.statusCode).toBe(200);
    });

    it.each([
      {},
      { title: '' },
      { title: 'x'.repeat(201) },
      { title: 'x', timeZone: 'Mars/Olympus' },
      { title: 'x', salesOpenAt: '2030-01-01' },
      { title: 'x', salesOpenAt: '0000-01-01T00:00:00Z' },
      { title: 'x', salesOpenAt: '2030-01-02T00:00:00Z', salesCloseAt: '2030-01-01T00:00:00Z' },
    ])('refuses the concert %j', async (payload) => {
      expect((await create(payload)).json()).toMatchObject({ code: 'INVALID_REQUEST' });
    });

    const block = { section: 'A', rows: 1, seatsPerRow: 1, price: 1 };
    it.each([
      { blocks: [] },
      { blocks: [{ ...block, rows: 1000, seatsPerRow: 101 }] },
      { blocks: [{ ...block, price: 0 }] },
      { blocks: [{ ...block, price: 1e12 }] },
      { blocks: [{ ...block, row: 1 }] },
    ])('refuses a schedule with %j', async ({ blocks }) => {
      const url = `/v1/admin/concerts/${anId}/schedules`;
      const payload = { startsAt: '2030-01-01T00:00:00Z', blocks };
      const response = await gateway.request({ method: 'POST', url, headers: organizer, payload });
      expect(response.json()).toMatchObject({ code: 'INVALID_REQUEST' });
      expect(gateway.bus.asked).toEqual([]);
    });

    it.each([{ blocks: [block, { ...block, price: 2 }] }, { blocks: [{ ...block, rows: 20, seatsPerRow: 5_000 }] }])(
      'takes a schedule with %j',
      async ({ blocks }) => {
        const url = `/v1/admin/concerts/${anId}/schedules`;
        const payload = { startsAt: '2030-01-01T00:00:00Z', blocks };
        await gateway.request({ method: 'POST', url, headers: organizer, payload });
        expect(gateway.bus.asked).toMatchObject([{ payload: { blocks } }]);
      },
    );
  });
});
