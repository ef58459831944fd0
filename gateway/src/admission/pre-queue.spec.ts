import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { aConcertId, aRoom, aSnapshot, aToken, minute, noon } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import type { QueuePlace } from './queue-place.js';
import { QueueTokens } from './queue-token.js';
import { Room } from './room.js';
import { judge, type Judging, numberOf } from './verdict.js';

const seed = '5'.repeat(64);
const order = queue.drawNumbers(seed, 20);
/** Twenty are registered, of whom these left. */
const gathering = (...left: number[]) => ({
  lastQueueNumber: 0,
  draw: { seedHash: queue.hashOfSeed(seed), registered: 20, seed: null, left: queue.encodeNumberSet(left) },
});
const drawn = { lastQueueNumber: 20, draw: { ...gathering().draw, seed } };

describe('a token of the pre-queue', () => {
  const token = aToken({ queueNumber: -3 });
  const verdict = (room: Room, now = noon, judging: Partial<Judging> = {}, of = token) =>
    judge(of, room, now, { userId: 'ann', concertId: aConcertId, stale: false, payLateMs: 0, ...judging });

  it('waits without a number and a position until the draw is done', () => {
    const room = aRoom(gathering(4, 30), { live: [18] });
    expect(verdict(room)).toEqual({ status: 'WAITING', position: null });
    expect([numberOf(token, room), numberOf(token, undefined)]).toEqual([null, null]);
  });

  it('has ended when its registration was given up, or was not asked for in time', () => {
    expect(verdict(aRoom(gathering(3)))).toEqual({ status: 'EXPIRED', reason: 'LEFT' });
    expect(verdict(aRoom(gathering(), { left: [3], spent: [3] })).status).toBe('WAITING');
    const late = noon + 10 * minute + 1;
    expect(verdict(aRoom(gathering()), late)).toEqual({ status: 'EXPIRED', reason: 'LAPSED' });
    expect(verdict(aRoom(gathering()), late, { stale: true }).status).toBe('WAITING');
  });

  it('is judged by the number that it drew from then on', () => {
    const number = order[2]!;
    expect(verdict(aRoom(drawn))).toEqual({ status: 'WAITING', position: number });
    expect(verdict(aRoom(drawn, { spent: [number] }))).toEqual({ status: 'EXPIRED', reason: 'SPENT' });
    expect(verdict(aRoom(drawn, { left: [number] }))).toEqual({ status: 'EXPIRED', reason: 'LEFT' });
    const activated = [{ from: 1, to: number, at: noon }];
    expect(verdict(aRoom({ ...drawn, servingNumber: number }, { activated })).status).toBe('ACTIVE');
  });

  it('has the number of its own draw, also after another one of the concert', () => {
    const before = new Room(aSnapshot(drawn), 0);
    expect(numberOf(token, before)).toBe(order[2]);
    const again = '6'.repeat(64);
    const room = new Room(aSnapshot({ ...drawn, generation: 2, draw: { ...drawn.draw, seed: again } }), 1, before);
    expect(numberOf(token, room)).toBeNull();
    expect(numberOf({ ...token, generation: 2 }, room)).toBe(queue.drawNumbers(again, 20)[2]);
  });

  it('of whoever came just after it counts the registered once, however old the snapshot', () => {
    const late = aToken({ queueNumber: 22 });
    expect(verdict(aRoom(gathering(), { live: [20] }), noon, {}, late)).toEqual({ status: 'WAITING', position: 22 });
  });
});

describe('a place of the pre-queue', () => {
  let gateway: GatewayUnderTest;
  const now = Date.now();
  let version = 0;
  beforeAll(async () => {
    gateway = await GatewayUnderTest.start({ INTROSPECTION_KEYS: `shop:${'a'.repeat(32)}` });
  });
  afterAll(() => gateway.stop());

  const show = (fields: Partial<queue.QueueSnapshot>, live?: number[]) =>
    gateway.feed.publish(
      aSnapshot({ version: (version += 1), at: new Date(now).toISOString(), ...fields }, live ? { live } : {}),
    );
  const token = (shownPosition: number | null = null) => {
    const times = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };
    return gateway.app.get(QueueTokens).sign(aToken({ queueNumber: -3, shownPosition, ...times }));
  };
  const look = async (queueToken: string) => {
    const headers = { ...(await gateway.bearer('ann')), 'queue-token': queueToken };
    return gateway.request({ method: 'GET', url: `/v1/concerts/${aConcertId}/queue-token`, headers });
  };
  const introspected = async () => {
    const headers = { authorization: `Bearer ${'a'.repeat(32)}` };
    const asked = { method: 'POST', url: '/v1/queue-tokens/introspect', headers, payload: { token: token() } } as const;
    return (await gateway.request(asked)).json<Record<string, unknown>>();
  };

  it('is shown without a number, and as the same registration with one once it is drawn', async () => {
    const salesOpenAt = new Date(now + 10 * minute).toISOString();
    show({ salesOpenAt, ...gathering() }, [20]);
    // Another replica knows of the draw already, and has shown the fourth position.
    const registered = await look(token(4));
    const body = registered.json<QueuePlace>();
    const unknown = { queueNumber: null, position: null, estimatedWaitSeconds: null };
    expect(body).toMatchObject({ status: 'PREQUEUE', registration: 3, ...unknown, opensAt: salesOpenAt });
    expect(body.pollAfterSeconds).toBeGreaterThanOrEqual(60);
    expect(registered.headers['queue-status']).toBe('WAITING');
    const facts = gateway.app.get(QueueTokens).verify(body.token);
    expect(facts).toMatchObject({ queueNumber: -3, shownPosition: 4 });
    expect(await introspected()).not.toHaveProperty('queueNumber');

    const opened = new Date(now - 1).toISOString();
    show({ salesOpenAt: opened, ...gathering() }, [20]);
    expect((await look(token())).json()).toMatchObject({ status: 'PREQUEUE', ...unknown, opensAt: opened });

    show({ salesOpenAt: opened, ...drawn });
    const numbered = { status: 'WAITING', queueNumber: order[2], position: order[2] };
    expect((await look(token())).json()).toMatchObject({ ...numbered, registration: 3, opensAt: null });
    expect(await introspected()).toMatchObject(numbered);
  });
});
