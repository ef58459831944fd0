import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '#contracts';
import {
  type AConcert,
  aConcertWith,
  allSeats,
  anActiveFan,
  type Answer,
  type AQueueingFan,
  eventually,
  expectStatus,
  rowsOf,
  startSystem,
  type System,
} from '#testing';
import { holdLanes } from './held-lanes.js';
import { settles } from './mistakes.js';

const FANS = 20;

describe('commands of a gateway that dies', () => {
  let system: System;
  let concert: AConcert;
  let fans: AQueueingFan[];
  let seats: string[];

  beforeAll(async () => {
    system = await startSystem({ replicas: { gateway: 2 } });
    concert = await aConcertWith(system, { seats: FANS });
    seats = await allSeats(system, concert);
    fans = await Promise.all(Array.from({ length: FANS }, () => anActiveFan(system, concert)));
  }, 120_000);
  afterAll(() => system.stop());

  const lanesOf = (service: 'wallet' | 'concert') =>
    Array.from({ length: topics.walletCommands.partitions }, (_, partition) => ({
      service,
      lane: `${service}.commands/${partition}`,
    }));

  it('are decided once; the same key through another gateway gets the first decision', async () => {
    const [dying, other] = system.processes.gateway;
    const wanted = fans.flatMap((fan, index) => [
      { fan, path: '/v1/wallet/top-ups', body: { amount: 10 + index }, key: randomUUID() },
      {
        fan,
        path: '/v1/reservations',
        body: { scheduleId: concert.scheduleId, seatIds: [seats[index]] },
        key: randomUUID(),
      },
    ]);
    const send = ({ fan, path, body, key }: (typeof wanted)[number], { url }: { url: string }): Promise<Answer> =>
      fan.api.with({ baseUrl: url }).post(path, body, { 'idempotency-key': key });

    const lanes = await holdLanes(system, [...lanesOf('wallet'), ...lanesOf('concert')]);
    const cutOff = wanted.map((each) => send(each, dying!).then(expectNoAnswer, () => undefined));
    await eventually(async () => (await inFlight(dying!.url)) === wanted.length);
    await dying!.kill('SIGKILL');
    await Promise.all(cutOff);
    const early = wanted.map((each) => send(each, other!));
    await lanes.release();
    for (const answer of await Promise.all(early)) expectStatus(answer, 201, 202);

    const decisions = await Promise.all(wanted.map((each) => decided(() => send(each, other!))));
    const again = await Promise.all(wanted.map((each) => decided(() => send(each, other!))));
    again.forEach((answer, index) => {
      expect(answer.headers.get('idempotent-replayed')).toBe('true');
      expect(withoutClock(answer.body)).toEqual(withoutClock(decisions[index]!.body));
    });
    await settles(system);
    const effects = await rowsOf(
      system.adminDatabaseUrl,
      `select (select count(*)::int from wallet.transfer) as transfers, (select sum(balance)::int from wallet.wallet) as money,
              (select count(*)::int from concert.claim) as claims, (select count(*)::int from reservation.reservation) as reservations`,
    );
    const money = fans.reduce((sum, _, index) => sum + 10 + index, 0);
    expect(effects).toEqual([{ transfers: FANS, money, claims: FANS, reservations: FANS }]);
    await dying!.restart();
  });

  async function inFlight(url: string): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^command_bus_in_flight (\d+)$/m.exec(text)?.[1]);
  }
});

/** A dead gateway answers nobody. */
function expectNoAnswer({ status }: Answer): void {
  throw new Error(`answered ${status} before it died`);
}

function decided(ask: () => Promise<Answer>): Promise<Answer> {
  return eventually(async () => {
    const answer = await ask();
    return answer.status === 201 && answer;
  });
}

/** How long a hold still lasts is the one thing that differs from answer to answer. */
function withoutClock(body: Record<string, unknown>): Record<string, unknown> {
  return { ...body, expiresInSeconds: undefined };
}
