import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aFan,
  aFanInLine,
  aHeldReservation,
  allSeats,
  type Answer,
  type ApiClient,
  type AQueueingFan,
  eventually,
  expectProblem,
  expectStatus,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { answered, opsOf } from '../ops/command-line.js';

const placeOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/queue-token`;
const datesOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/schedules`;
const queueOf = ({ concertId }: AConcert) => `/v1/admin/concerts/${concertId}/queue`;

describe('a waiting room', () => {
  let system: System;
  let olga: ApiClient;

  beforeAll(async () => {
    system = await startSystem({ replicas: { gateway: 2, queue: 2 }, settings: { QUEUE_TICK_MS: 1_000 } });
    olga = await system.api.signIn('olga', ['operator', 'organizer']);
  });
  afterAll(() => system.stop());

  const set = async (concert: AConcert, controls: object) =>
    expectStatus(await olga.patch(queueOf(concert), { ...controls, reason: 'as planned' }), 200);
  const everywhere = (fan: AQueueingFan, path: string): Promise<Answer[]> =>
    Promise.all(system.gateways.map((baseUrl) => fan.api.with({ baseUrl }).get(path)));
  const join = async (concert: AConcert) => (await aFan(system)).api.post(placeOf(concert));
  const isSoldOut = (concert: AConcert) =>
    eventually(async () => {
      expectProblem(await join(concert), 'QUEUE_CLOSED', { reason: 'SOLD_OUT', opensAt: null });
      return true;
    });
  const isOpen = (concert: AConcert) => eventually(async () => (await join(concert)).status === 201);
  const chancesAre = (concert: AConcert, fans: readonly AQueueingFan[], ...chances: (string | null)[]) =>
    eventually(async () => {
      for (const [index, fan] of fans.entries()) {
        for (const { body } of await everywhere(fan, placeOf(concert))) expect(body.chance).toBe(chances[index]);
      }
      return true;
    });

  it('tells the chance of a place, takes nobody in when all is sold, tells who waits, and opens when seats come back', async () => {
    const concert = await aConcertWith(system, { seats: 3, price: 700 });
    await set(concert, { mode: 'PAUSED' });
    const fans = [await aFanInLine(system, concert), await aFanInLine(system, concert)] as const;
    await chancesAre(concert, fans, 'LIKELY', 'UNLIKELY');
    await set(concert, { mode: 'OPEN' });
    await eventually(async () => (await fans[1].api.get(datesOf(concert))).status === 200);

    const one = await aHeldReservation(system, concert, { fan: fans[0] });
    const two = await aHeldReservation(system, concert, { fan: fans[1], seats: 2 });
    const pay = async ({ fan, reservationId, amount }: typeof one) => {
      await topUp(fan, amount);
      expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/payment`), 201);
    };
    await pay(one);
    // Two seats are held, which may come back.
    await set(concert, { mode: 'PAUSED' });
    const waiting = await aFanInLine(system, concert);
    await pay(two);
    await isSoldOut(concert);
    await chancesAre(concert, [waiting], 'SOLD_OUT');
    expect(expectStatus(await waiting.api.post(placeOf(concert)), 200).queueNumber).toBe(3);
    expect(expectStatus(await olga.get(queueOf(concert)), 200).seatsLeft).toBe(0);

    expectStatus(await two.fan.api.post(`/v1/reservations/${two.reservationId}/cancel`), 200);
    await isOpen(concert);
    await chancesAre(concert, [waiting], 'LIKELY');
    expect(expectStatus(await olga.get(queueOf(concert)), 200).seatsLeft).toBe(2);

    const seatIds = (await allSeats(system, concert)).filter((seatId) => !one.seatIds.includes(seatId));
    const block = async (blocked: boolean) =>
      expectStatus(
        await olga.patch(`/v1/admin/schedules/${concert.scheduleId}/seats`, { seatIds, blocked, reason: 'camera' }),
        200,
      );
    await block(true);
    await isSoldOut(concert);
    await block(false);
    await isOpen(concert);
    await block(true);
    await isSoldOut(concert);
    const blocks = [{ section: 'A', rows: 1, seatsPerRow: 7, price: 700 }];
    const another = { startsAt: '2099-01-01T00:00:00.000Z', blocks };
    expectStatus(await olga.post(`/v1/admin/concerts/${concert.concertId}/schedules`, another), 201);
    await isOpen(concert);
    expect(expectStatus(await olga.get(queueOf(concert)), 200).seatsLeft).toBe(7);
  });

  it('of a concert without a date yet may be joined, and tells no chance', async () => {
    const concert = await aConcertWith(system, { seats: 1, schedules: 0 });
    await set(concert, { mode: 'PAUSED' });
    await chancesAre(concert, [await aFanInLine(system, concert)], null);
  });

  it('without a crowd lets who joins in at once, as many as it is told and as the batch of any interval allows', async () => {
    const concert = await aConcertWith(system, { seats: 1 });
    const ops = opsOf(system);
    const figures = ['--tick', '60', '--batch', '4', '--instant-below', '3', '--reason', 'No queue without a crowd'];
    const changed = answered(await ops(['queue', 'set', concert.concertId, ...figures, '--yes', '--json']));
    expect(changed).toMatchObject({ tickSeconds: 60, activationBatch: 4, instantBelow: 3 });
    const [here, there] = system.gateways as [string, string];
    const comes = async (expected: 'ACTIVE' | 'WAITING') => {
      const { userId, api } = await aFan(system);
      const place = expectStatus(await api.with({ baseUrl: here }).post(placeOf(concert)), 201);
      expect([place.status, place.position === 0]).toEqual([expected, expected === 'ACTIVE']);
      const headers = { 'queue-token': place.token };
      const fan = { userId, queueToken: place.token, api: api.with({ baseUrl: here, headers }) };
      expect((await fan.api.get(datesOf(concert))).status).toBe(expected === 'ACTIVE' ? 200 : 202);
      return fan;
    };
    const goes = async (fan: AQueueingFan) => expectStatus(await fan.api.delete(placeOf(concert)), 204);

    const [ada, bob] = [await comes('ACTIVE'), await comes('ACTIVE'), await comes('ACTIVE')];
    // Another gateway may be a snapshot behind: to it the place waits, and is kept.
    await eventually(async () => {
      const { status, body } = await ada.api.with({ baseUrl: there }).get(datesOf(concert));
      if (status === 202) expect(body).toMatchObject({ status: 'WAITING', queueNumber: 1 });
      else expect(status).toBe(200);
      return status === 200;
    });
    const first = await comes('WAITING');
    await goes(ada);
    // Two passes run, but somebody waits.
    const second = await comes('WAITING');
    await goes(first);
    await goes(second);
    await comes('ACTIVE');
    await goes(bob);
    // Nobody waits and two passes run, but four have come in within the minute.
    const last = await comes('WAITING');
    await set(concert, { tickSeconds: 1 });
    await eventually(async () => (await everywhere(last, datesOf(concert))).every(({ status }) => status === 200));

    const { items } = expectStatus(await olga.get(`${queueOf(concert)}/ticks?limit=100`), 200);
    const moved = items.filter(({ admitted }: { admitted: number }) => admitted > 0);
    const atOnce = moved.filter(({ limitedBy }: { limitedBy: string }) => limitedBy === 'INSTANT');
    expect(atOnce.reduce((sum: number, { admitted }: { admitted: number }) => sum + admitted, 0)).toBe(4);
    expect(moved.at(-1)).toMatchObject({ limitedBy: 'INSTANT', from: 1, waiting: 0, active: 0, activationBatch: 4 });
    expect(moved[0]).toMatchObject({ limitedBy: 'EMPTY', admitted: 1, tickSeconds: 1 });
    const { checks } = answered(await ops(['audit', '--json']));
    for (const { id, violations } of checks) expect([id, violations]).toEqual([id, 0]);
  });
});
