import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aFan,
  type Answer,
  type ApiClient,
  eventually,
  expectProblem,
  expectStatus,
  promptSettings,
  startSystem,
  type System,
} from '#testing';

const upstreams = ['concert', 'reservation', 'wallet'] as const;
type Upstream = (typeof upstreams)[number];

const CLOSED = 0;
const OPEN = 2;

describe('reads of a service that is gone', () => {
  let system: System;
  let concert: AConcert;
  let fan: ApiClient;
  let organizer: ApiClient;

  beforeAll(async () => {
    system = await startSystem({ settings: promptSettings });
    concert = await aConcertWith(system, { seats: 1 });
    fan = (await aFan(system)).api;
    organizer = await system.api.signIn('organizer', ['organizer']);
  });
  afterAll(() => system.stop());

  /** None of them is answered from what the gateway shares for a second. */
  const reads: Record<Upstream, () => Promise<Answer>> = {
    concert: () => organizer.get(`/v1/admin/schedules/${concert.scheduleId}/seats`),
    reservation: () => fan.get('/v1/reservations'),
    wallet: () => fan.get('/v1/wallet'),
  };

  /** The breaker as the gateway's metrics show it. */
  async function stateOf(upstream: Upstream): Promise<number> {
    const text = expectStatus<string>(await system.api.get('/metrics'), 200);
    const [, state] = new RegExp(`^gateway_breaker_state\\{upstream="${upstream}"\\} (\\d)$`, 'm').exec(text) ?? [];
    return Number(state);
  }

  const readsUntil = (upstream: Upstream, state: number, status?: number) =>
    eventually(
      async () => {
        const answer = await reads[upstream]();
        return (status === undefined || answer.status === status) && (await stateOf(upstream)) === state;
      },
      { within: 30_000, every: 100 },
    );

  async function timed(upstream: Upstream): Promise<number> {
    const started = performance.now();
    const answer = await reads[upstream]();
    const took = performance.now() - started;
    expectProblem(answer, 'OVERLOADED');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    return took;
  }

  // A killed one refuses connections, a stopped one takes them and is silent.
  it.each([
    ['concert', 'SIGKILL'],
    ['reservation', 'SIGSTOP'],
    ['wallet', 'SIGKILL'],
  ] as const)(
    'of %s after %s answer 503 at once, leave the others alone, and come back by themselves',
    async (gone, signal) => {
      const [process] = system.processes[gone];
      const others = upstreams.filter((upstream) => upstream !== gone);
      for (const upstream of upstreams) await readsUntil(upstream, CLOSED, 200);
      await process!.kill(signal);
      // Many at once: a silent service costs each the time limit until the breaker opens.
      await Promise.all(Array.from({ length: 10 }, () => reads[gone]()));
      await readsUntil(gone, OPEN);

      const took: number[] = [];
      while (took.length < 20) took.push(await timed(gone));
      // Now and then the breaker lets one read through to see whether the service is back: that one may wait for it.
      expect(took.filter((ms) => ms > promptSettings.UPSTREAM_TIMEOUT_MS / 2).length).toBeLessThan(5);

      for (const upstream of others) await readsUntil(upstream, CLOSED, 200);
      if (signal === 'SIGSTOP') await process!.kill('SIGCONT');
      else await process!.restart();
      await readsUntil(gone, CLOSED, 200);
    },
  );
});
