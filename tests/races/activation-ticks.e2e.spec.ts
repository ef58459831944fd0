import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  aConcertWith,
  type ApiClient,
  eventually,
  postUntilDecided,
  rowsOf,
  setMode,
  startSystem,
  type System,
} from '#testing';

const WAITING = 3_500;
const AT_ONCE = 100;
const TICK_MS = 5_000;

let system: System;
beforeAll(async () => {
  // What production has, with two queue services that both look for due ticks.
  system = await startSystem({ replicas: { queue: 2, gateway: 2 }, settings: { QUEUE_TICK_MS: TICK_MS } });
});
afterAll(() => system.stop());

it('3,500 waiting fans become active 1,000 a tick, the lowest first, never two ticks within five seconds', async () => {
  const concert = await aConcertWith(system, { seats: 1 });
  await setMode(system, concert, 'PAUSED');
  const path = `/v1/concerts/${concert.concertId}/queue-token`;
  let last: { api: ApiClient; token: string } | undefined;
  const join = async (index: number) => {
    const { api } = system;
    const fan = await api.with({ baseUrl: system.gateways[index % 2] ?? '' }).signIn(`fan-${randomUUID()}`);
    const place = await postUntilDecided<{ queueNumber: number; token: string }>(fan, path, undefined, 200, 201);
    if (place.queueNumber === WAITING) last = { api: fan, token: place.token };
  };
  for (let joined = 0; joined < WAITING; joined += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => join(joined + index)));
  }
  const query = (sql: string) => rowsOf(system.adminDatabaseUrl, sql, [concert.concertId]);
  expect(await query('select 1 from queue.activation_log where concert_id = $1 and activated > 0')).toEqual([]);

  await setMode(system, concert, 'OPEN');
  const ticks = await eventually(
    async () => {
      const log = await query(
        `select activated, passed_over, from_number, to_number, at
         from queue.activation_log where concert_id = $1 and activated > 0 order by tick_number`,
      );
      return log.length >= 4 && log;
    },
    { within: 90_000, every: 250 },
  );
  expect(ticks.map(({ activated, from_number, to_number }) => [activated, from_number, to_number])).toEqual([
    [1000, 1, 1000],
    [1000, 1001, 2000],
    [1000, 2001, 3000],
    [500, 3001, 3500],
  ]);
  for (const [index, { at }] of ticks.slice(1).entries()) {
    const gap = at.getTime() - ticks[index]!.at.getTime();
    expect(gap).toBeGreaterThanOrEqual(TICK_MS);
  }
  const passes = await query(
    `select activated_at, count(*)::int as places, min(queue_number) as lowest, max(queue_number) as highest
     from queue.judged_place where concert_id = $1 and status = 'ACTIVE' group by activated_at order by activated_at`,
  );
  expect(passes.map(({ places, lowest, highest }) => [places, lowest, highest])).toEqual([
    [1000, 1, 1000],
    [1000, 1001, 2000],
    [1000, 2001, 3000],
    [500, 3001, 3500],
  ]);
  const { api, token } = last!;
  await eventually(async () => {
    const dates = await api.get(`/v1/concerts/${concert.concertId}/schedules`, { 'queue-token': token });
    return dates.status === 200;
  });
}, 120_000);
