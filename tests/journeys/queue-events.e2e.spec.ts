import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aFanInLine,
  type ApiClient,
  type AQueueingFan,
  eventually,
  expectProblem,
  expectStatus,
  setMode,
  startSystem,
  type System,
} from '#testing';

/** Ten minutes in production: here a place that is not seen for fifteen seconds, half as long again, is gone. */
const TTL_S = 10;
const LEASE_MS = TTL_S * 1_500;
const STREAMS_MAX = 3;

interface PlaceEvent {
  readonly event: string;
  readonly id: number;
  readonly data: any;
}

const placeOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/queue-token`;
const datesOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/schedules`;

describe('who listens to their place in line', () => {
  let system: System;
  /** Everybody in its line waits. */
  let paused: AConcert;
  let open: AbortController;

  beforeAll(async () => {
    system = await startSystem({
      replicas: { gateway: 2 },
      settings: { QUEUE_ACTIVATION_BATCH: 1, QUEUE_TOKEN_TTL_SECONDS: TTL_S, QUEUE_STREAMS_MAX: STREAMS_MAX },
    });
    paused = await aConcertWith(system, { seats: 1 });
    await setMode(system, paused, 'PAUSED');
    open = new AbortController();
  });
  afterEach(() => {
    open.abort();
    open = new AbortController();
  });
  afterAll(() => system.stop());

  const at = (gateway: number, fan: AQueueingFan): ApiClient => fan.api.with({ baseUrl: system.gateways[gateway]! });

  function listen(api: ApiClient, concert: AConcert, headers: Record<string, string> = {}): Promise<Response> {
    const own = Object.entries(api.headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return fetch(`${api.baseUrl}/v1/concerts/${concert.concertId}/queue/events`, {
      headers: { ...Object.fromEntries(own), ...headers },
      signal: open.signal,
    });
  }

  /** The events of a stream as they come; `isOver` once it has ended. */
  function heard(response: Response): { readonly events: PlaceEvent[]; isOver: boolean } {
    const all = { events: [] as PlaceEvent[], isOver: false };
    const read = async () => {
      let rest = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        const parts = `${rest}${chunk}`.split('\n\n');
        rest = parts.pop()!;
        for (const part of parts) {
          const fields = Object.fromEntries(part.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
          if (fields.event)
            all.events.push({ event: fields.event, id: Number(fields.id), data: JSON.parse(fields.data) });
        }
      }
    };
    void read()
      .catch(() => undefined)
      .finally(() => (all.isOver = true));
    return all;
  }

  it('hears each step, never a higher position, and at last that it is their turn', async () => {
    const concert = await aConcertWith(system, { seats: 1 });
    await setMode(system, concert, 'PAUSED');
    for (let ahead = 0; ahead < 3; ahead += 1) await aFanInLine(system, concert);
    const fan = await aFanInLine(system, concert);
    const response = await listen(at(1, fan), concert, { origin: 'http://localhost:5173', 'accept-encoding': 'gzip' });
    expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
      200,
      {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'queue-status': 'WAITING',
        'access-control-allow-origin': 'http://localhost:5173',
        'x-request-id': expect.any(String),
      },
    ]);
    expect(response.headers.get('content-encoding')).toBeNull();
    const stream = heard(response);
    await setMode(system, concert, 'OPEN');
    await eventually(() => stream.isOver);
    const told = stream.events;
    expect(told.map(({ event }) => event)).toEqual([...Array(told.length - 1).fill('place'), 'active']);
    const positions = told.map(({ data }) => data.position);
    expect(positions).toEqual(positions.toSorted((one, other) => other - one));
    // A gateway that stalls may see two ticks at once.
    expect([positions[0], positions.at(-1)]).toEqual([4, 0]);
    const ticks = told.map(({ id }) => id);
    expect(ticks).toEqual(ticks.toSorted((one, other) => one - other));
    const { token, ...place } = told.at(-1)!.data;
    expect(place).toMatchObject({ concertId: concert.concertId, status: 'ACTIVE', queueNumber: 4 });
    expectStatus(await fan.api.get(datesOf(concert), { 'queue-token': token }), 200);
    // Whose turn it is already hears so, and no more.
    const again = heard(await listen(at(0, fan), concert, { 'queue-token': token }));
    await eventually(() => again.isOver);
    expect(again.events).toMatchObject([{ event: 'active', data: { status: 'ACTIVE', queueNumber: 4 } }]);
  });

  it('keeps the place by listening alone, with tokens that any gateway takes', async () => {
    const [listener, silent] = [await aFanInLine(system, paused), await aFanInLine(system, paused)];
    const begun = Date.now();
    const stream = heard(await listen(at(0, listener), paused));
    const last = await eventually(() => Date.now() > begun + LEASE_MS + 2_000 && stream.events.at(-1));
    expect(stream.isOver).toBe(false);
    expect(Date.parse(last.data.expiresAt)).toBeGreaterThan(Date.now());
    const shown = expectStatus(await at(1, listener).get(placeOf(paused), { 'queue-token': last.data.token }), 200);
    expect(shown.queueNumber).toBe(stream.events[0]!.data.queueNumber);
    expectProblem(await silent.api.get(placeOf(paused)), 'TOKEN_EXPIRED', { reason: 'LAPSED' });
  });

  it('hears at once that the place was given up, at whichever gateway', async () => {
    const fan = await aFanInLine(system, paused);
    const stream = heard(await listen(at(1, fan), paused));
    await eventually(() => stream.events.length > 0);
    expectStatus(await at(0, fan).delete(placeOf(paused)), 204);
    await eventually(() => stream.isOver);
    expect(stream.events.at(-1)).toMatchObject({ event: 'expired', data: { code: 'TOKEN_EXPIRED', reason: 'LEFT' } });
    expectProblem(await at(1, fan).get(placeOf(paused)), 'TOKEN_EXPIRED', { reason: 'LEFT' });
  });

  it('is one of so many at a gateway; the others ask for their place', async () => {
    const fans = await Promise.all(Array.from({ length: STREAMS_MAX + 1 }, () => aFanInLine(system, paused)));
    const answers: Response[] = [];
    for (const fan of fans) answers.push(await listen(at(0, fan), paused));
    expect(answers.map(({ status }) => status)).toEqual([...Array(STREAMS_MAX).fill(200), 503]);
    const refused = answers.at(-1)!;
    expect([refused.headers.get('retry-after'), await refused.json()]).toMatchObject(['30', { code: 'OVERLOADED' }]);
    expectStatus(await at(0, fans.at(-1)!).get(placeOf(paused)), 200);
    expect((await listen(at(1, fans.at(-1)!), paused)).status).toBe(200);
    // Whoever goes away makes room.
    open.abort();
    open = new AbortController();
    await eventually(async () => (await listen(at(0, fans.at(-1)!), paused)).status === 200);
  });

  it('goes on at another gateway, no earlier and no higher, when its own is stopped', async () => {
    const fan = await aFanInLine(system, paused);
    const stream = heard(await listen(at(1, fan), paused));
    const before = await eventually(() => stream.events.at(-1));
    const asked = Date.now();
    await system.processes.gateway[1]!.stop();
    // One that waited for its streams would give up after eight seconds.
    expect(Date.now() - asked).toBeLessThan(7_500);
    await eventually(() => stream.isOver);
    expect(stream.events.every(({ event }) => event === 'place')).toBe(true);
    const headers = { 'last-event-id': String(before.id), 'queue-token': before.data.token };
    const resumed = heard(await listen(at(0, fan), paused, headers));
    const next = await eventually(() => resumed.events[0]);
    expect(next.id).toBeGreaterThanOrEqual(before.id);
    expect(next.data.position).toBeLessThanOrEqual(before.data.position);
    expect(next.data.queueNumber).toBe(before.data.queueNumber);
  });
});
