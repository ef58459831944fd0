import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { aConcertId, aKeyRing, aSnapshot, aToken, minute } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import type { QueuePlace } from './queue-place.js';
import { QueueTokens } from './queue-token.js';

const place = { url: `/v1/concerts/${aConcertId}/queue-token` } as const;
const now = Date.now();
const at = new Date(now).toISOString();
const signed = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };

let gateway: GatewayUnderTest;
let bearer: { authorization: string };
const ask = (queueToken: string) =>
  gateway.request({ method: 'GET', ...place, headers: { ...bearer, 'queue-token': queueToken } });
const arrivals = () => gateway.bus.told.filter(({ type }) => type === 'queue.NoteArrival.v1');

beforeAll(async () => {
  gateway = await GatewayUnderTest.start();
  bearer = await gateway.bearer('ann');
});
afterAll(() => gateway.stop());

it('who comes with a pass is told of once, with the first estimate that the token was given', async () => {
  const tokens = gateway.app.get(QueueTokens);
  gateway.feed.publish(aSnapshot({ at, activationBatch: 5 }));
  const first = (await ask(tokens.sign(aToken(signed)))).json<QueuePlace>();
  expect(first.estimatedWaitSeconds).toBe(10);
  const { estimatedAt } = tokens.verify(first.token)!;
  expect(Math.abs(estimatedAt! - (now + 10_000))).toBeLessThan(5_000);
  // Later ones change nothing.
  gateway.feed.publish(aSnapshot({ at, version: 2, activationBatch: 1 }));
  const second = (await ask(first.token)).json<QueuePlace>();
  expect([second.estimatedWaitSeconds, tokens.verify(second.token)!.estimatedAt]).toEqual([50, estimatedAt]);
  expect(arrivals()).toEqual([]);

  const served = { version: 3, servingNumber: 10 };
  gateway.feed.publish(aSnapshot({ at, ...served }, { activated: [{ from: 1, to: 10, at: now }], live: [] }));
  for (let time = 0; time < 3; time += 1) expect((await ask(second.token)).json<QueuePlace>().status).toBe('ACTIVE');
  const told = {
    concertId: aConcertId,
    generation: 1,
    queueNumber: 10,
    estimatedAt: new Date(estimatedAt!).toISOString(),
  };
  expect(arrivals().map(({ payload }) => payload)).toEqual([expect.objectContaining(told)]);
});

it('a token from before estimates were kept is good, and has none', () => {
  const keys = aKeyRing('k1');
  const facts = aToken(signed);
  const [, , payload = ''] = new QueueTokens(keys).sign(facts).split('.');
  const values = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
  const older = `v1.k1.${Buffer.from(JSON.stringify(values.slice(0, -1))).toString('base64url')}`;
  const mac = createHmac('sha256', keys.signing.key).update(older).digest('base64url');
  expect(new QueueTokens(keys).verify(`${older}.${mac}`)).toEqual(facts);
});
