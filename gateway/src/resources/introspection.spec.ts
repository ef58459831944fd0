import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aConcertId, aSnapshot, aToken, minute } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import { QueueTokens, type TokenFacts } from '../admission/queue-token.js';
import { ServiceKeys } from '../identity/service-keys.js';

const url = '/v1/queue-tokens/introspect';
const [shopKey, nextKey, boxOfficeKey] = ['a', 'b', 'c'].map((letter) => letter.repeat(32));

interface Served {
  readonly paths: Record<string, unknown>;
  readonly components: { securitySchemes: Record<string, unknown> };
}

describe('introspection', () => {
  let gateway: GatewayUnderTest;
  const now = Date.now();
  let version = 0;

  beforeAll(async () => {
    const keys = `shop:${shopKey},shop:${nextKey},box-office:${boxOfficeKey}`;
    gateway = await GatewayUnderTest.start({ INTROSPECTION_KEYS: keys });
  });
  afterAll(() => gateway.stop());

  function show(...[fields, line]: Parameters<typeof aSnapshot>): void {
    gateway.feed.publish(aSnapshot({ version: ++version, at: new Date(now).toISOString(), ...fields }, line));
  }

  function token(facts: Partial<TokenFacts> = {}): string {
    const times = { issuedAt: now, expiresAt: now + 10 * minute, leaseUntil: now + 15 * minute };
    return gateway.app.get(QueueTokens).sign(aToken({ ...times, ...facts }));
  }

  async function ask(payload: object, key = shopKey) {
    const headers = { authorization: `Bearer ${key}` };
    return gateway.request({ method: 'POST', url, headers, payload });
  }

  it('says of an active place until when, of a waiting one how far, and sends no message', async () => {
    show({ servingNumber: 5 }, { activated: [{ from: 1, to: 5, at: now }] });
    const seconds = (ms: number) => Math.floor(ms / 1000);
    const place = { concertId: aConcertId, sub: 'ann', iat: seconds(now) };
    expect((await ask({ token: token({ queueNumber: 5 }) })).json()).toEqual({
      active: true,
      status: 'ACTIVE',
      ...place,
      queueNumber: 5,
      position: 0,
      exp: seconds(now + 10 * minute),
    });
    // Its lease is near its end: a poll would renew it, a shop does not.
    const waiting = token({ expiresAt: now + 3 * minute, leaseUntil: now + 4 * minute });
    expect((await ask({ token: waiting })).json()).toMatchObject({
      active: false,
      status: 'WAITING',
      position: 5,
      exp: seconds(now + 3 * minute),
    });
    expect([gateway.bus.asked, gateway.bus.told]).toEqual([[], []]);
  });

  it.each([
    ['SPENT', 'EXPIRED', { spent: [10] }, {}],
    ['LEFT', 'EXPIRED', { left: [10] }, {}],
    ['LAPSED', 'EXPIRED', { passedOver: [10] }, {}],
    ['RESET', 'INVALID', {}, { generation: 2 }],
  ])('says of one that is %s nothing but that', async (reason, status, line, fields) => {
    show({ servingNumber: 15, ...fields }, { activated: [{ from: 1, to: 15, at: now }], ...line });
    expect((await ask({ token: token() })).json()).toEqual({ active: false, status, reason });
  });

  it('takes any key of a service, and refuses others before it looks at the request', async () => {
    for (const key of [shopKey, nextKey, boxOfficeKey]) expect((await ask({ token: 'x' }, key)).statusCode).toBe(200);
    const { authorization } = await gateway.bearer('ann', ['operator']);
    for (const wrong of [undefined, 'Bearer', `Basic ${shopKey}`, `Bearer ${'a'.repeat(33)}`, authorization]) {
      const headers = wrong === undefined ? {} : { authorization: wrong };
      const response = await gateway.request({ method: 'POST', url, headers, payload: { wrong: true } });
      expect([response.statusCode, response.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
  });

  it.each([{}, { token: '' }, { token: 'x'.repeat(4_097) }, { token: 'x', concertId: 'y' }, { token: 'x', more: 1 }])(
    'takes no %j',
    async (payload) => {
      const response = await ask(payload);
      expect([response.statusCode, response.json()]).toMatchObject([400, { code: 'INVALID_REQUEST' }]);
    },
  );

  it('is in the OpenAPI document where somebody has a key, and nowhere otherwise', async () => {
    const served = async (one: GatewayUnderTest) =>
      (await one.request({ method: 'GET', url: '/openapi.json' })).json<Served>();
    const document = await served(gateway);
    expect(document.paths[url]).toMatchObject({ post: { security: [{ serviceKey: [] }] } });
    expect(document.components.securitySchemes['serviceKey']).toMatchObject({ scheme: 'bearer' });
    const without = await GatewayUnderTest.start();
    const other = await served(without);
    expect([other.paths[url], other.components.securitySchemes['serviceKey']]).toEqual([undefined, undefined]);
    expect((await without.request({ method: 'POST', url, payload: { token: 'x' } })).statusCode).toBe(404);
    await without.stop();
  });
});

it.each(['shop', 'shop:short', `:${shopKey}`, `shop:${shopKey},`, `shop:${shopKey} x`])(
  'the keys of services are refused as %s, without showing them',
  (text) => {
    expect(() => ServiceKeys.parse(text)).toThrow(/^(?!.*(?:aaa|short)).*name:secret/);
  },
);
