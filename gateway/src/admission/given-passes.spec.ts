import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { aConcertId, aSnapshot, aToken, minute } from '../../test/admission-builders.js';
import { GatewayUnderTest } from '../../test/gateway-under-test.js';
import type { QueuePlace } from './queue-place.js';
import { QueueTokens } from './queue-token.js';

const url = `/v1/concerts/${aConcertId}/queue-token`;
const now = Date.now();
const at = (ms: number) => new Date(ms).toISOString();

let gateway: GatewayUnderTest;
let headers: { authorization: string };
beforeAll(async () => {
  gateway = await GatewayUnderTest.start();
  headers = await gateway.bearer('ann');
});
afterAll(() => gateway.stop());

it('a pass that a join was answered with is good here at once, whatever the snapshot shows, and told its chance', async () => {
  const show = (version: number, seatsLeft: number) =>
    gateway.feed.publish(
      aSnapshot({ version, at: at(now), activeCount: 1, stock: { seatsLeft, seatsSold: 0, buyers: 0 } }),
    );
  show(1, 2);
  const given = { concertId: aConcertId, generation: 1, queueNumber: 21, userId: 'ann', created: true };
  const times = { issuedAt: at(now), leaseUntil: at(now + 15 * minute), activeUntil: at(now + 10 * minute) };
  const place = { ...given, ...times, tokenId: '0190b000-0000-7000-8000-000000000006', status: 'ACTIVE' };
  gateway.bus.answer = () => ({ kind: 'answered', body: place, replayed: false });
  const joined = await gateway.request({ method: 'POST', url, headers });
  const shown = joined.json<QueuePlace>();
  const pass = {
    status: 'ACTIVE',
    position: 0,
    expiresAt: times.activeUntil,
    estimatedWaitSeconds: 0,
    chance: 'LIKELY',
  };
  expect([joined.statusCode, joined.headers['queue-status'], shown]).toMatchObject([201, 'ACTIVE', pass]);
  const ask = (token: string) => gateway.request({ url, headers: { ...headers, 'queue-token': token } });
  expect((await ask(shown.token)).json()).toMatchObject(pass);

  show(2, 0);
  const waiting = gateway.app
    .get(QueueTokens)
    .sign(aToken({ issuedAt: now, expiresAt: now + minute, leaseUntil: now + 15 * minute }));
  expect((await ask(waiting)).json()).toMatchObject({ status: 'WAITING', position: 10, chance: 'SOLD_OUT' });
});
