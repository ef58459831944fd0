import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aFan,
  type AFan,
  aFanInLine,
  aHeldReservation,
  allSeats,
  anActiveFan,
  type ApiClient,
  type AQueueingFan,
  eventually,
  expectProblem,
  expectStatus,
  rowsOf,
  setMode,
  startSystem,
  type System,
  topUp,
} from '#testing';

const BATCH = 3;
const TICK_MS = 1_000;
/** Ten minutes in production: long enough here for what must happen within it, short enough to see its end. */
const TTL_S = 12;
const HOLD_S = 25;

const placeOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/queue-token`;
const datesOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/schedules`;
const soon = (ms: number) => new Date(Date.now() + ms);

describe('the line of a concert', () => {
  let system: System;
  /** Passes that ended in the first test, for long after. */
  let finished: { concert: AConcert; left: AQueueingFan; passed: AQueueingFan };

  beforeAll(async () => {
    system = await startSystem({
      replicas: { gateway: 2 },
      settings: {
        QUEUE_TICK_MS: TICK_MS,
        QUEUE_ACTIVATION_BATCH: BATCH,
        QUEUE_TOKEN_TTL_SECONDS: TTL_S,
        QUEUE_PURGE_MS: 500,
        HOLD_SECONDS: HOLD_S,
      },
    });
  });
  afterAll(() => system.stop());

  const rows = (sql: string, { concertId }: AConcert) => rowsOf(system.adminDatabaseUrl, sql, [concertId]);
  const numbersOf = async (concert: AConcert) =>
    (await rows('select queue_number from queue.place where concert_id = $1 order by 1', concert)).map(
      ({ queue_number }) => queue_number,
    );
  const ticks = (concert: AConcert) =>
    rows('select * from queue.activation_log where concert_id = $1 and activated > 0 order by tick_number', concert);

  /** What a token is worth at each gateway now: the status, and the reason or code. */
  async function verdictsOf(fan: AFan, concert: AConcert): Promise<string[]> {
    const askers: ApiClient[] = system.gateways.map((baseUrl) => fan.api.with({ baseUrl }));
    const answers = await Promise.all(askers.map((api) => api.get(datesOf(concert))));
    return answers.map(({ status, body }) => `${status} ${body.code ?? ''} ${body.reason ?? ''}`);
  }

  it('ends a pass ten minutes after its tick, whatever is asked meanwhile', async () => {
    const concert = await aConcertWith(system, { seats: 1 });
    const [left, passed] = await Promise.all([anActiveFan(system, concert), anActiveFan(system, concert)]);
    finished = { concert, left, passed };
    expectStatus(await left.api.delete(placeOf(concert)), 204);
    const { expiresAt } = expectStatus(await passed.api.get(placeOf(concert)), 200);
    const end = await eventually(
      async () => {
        const answer = await passed.api.get(datesOf(concert));
        return answer.status !== 200 && { answer, at: Date.now() };
      },
      { every: 20 },
    );
    expectProblem(end.answer, 'TOKEN_EXPIRED', { reason: 'PASS_ENDED' });
    // Our clock and the database's are one machine's.
    expect(end.at).toBeGreaterThanOrEqual(Date.parse(expiresAt) - 20);
    const ended = { left: ['401 TOKEN_EXPIRED LEFT'], passed: ['401 TOKEN_EXPIRED PASS_ENDED'] };
    expect(await verdictsOf(passed, concert)).toEqual([...ended.passed, ...ended.passed]);
    expect(await verdictsOf(left, concert)).toEqual([...ended.left, ...ended.left]);
    expect(await numbersOf(concert)).toEqual([1, 2]);
  });

  it('lets the lowest live numbers in, a batch each tick, and passes over who left', async () => {
    const fans = await Promise.all(Array.from({ length: 8 }, () => aFan(system)));
    const concert = await aConcertWith(system, { seats: 1 });
    await setMode(system, concert, 'PAUSED');
    const inLine: AQueueingFan[] = [];
    for (const { userId } of fans) inLine.push(await aFanInLine(system, concert, userId));
    expectStatus(await inLine[1]!.api.delete(placeOf(concert)), 204);
    expectStatus(await inLine[0]!.api.get(datesOf(concert)), 202);
    await setMode(system, concert, 'OPEN');
    // Looked for from before its beginning on: a pass is short here.
    const isIn = (verdict: string) => verdict === '200  ';
    await eventually(async () => (await verdictsOf(inLine[7]!, concert)).every(isIn), { every: 20 });
    const log = await ticks(concert);
    const settled = log.map(({ from_number, to_number, activated, passed_over }) => [
      [from_number, to_number],
      activated,
      passed_over,
    ]);
    expect(settled).toEqual([
      [[1, 4], 3, 1],
      [[5, 7], 3, 0],
      [[8, 8], 1, 0],
    ]);
    for (const [earlier, later] of [log.slice(0, 2), log.slice(1)] as [any, any][]) {
      expect(later.at - earlier.at).toBeGreaterThanOrEqual(TICK_MS);
    }
    const passes = await rows(
      `select queue_number, status, activated_at, active_until from queue.judged_place
       where concert_id = $1 and activated_at is not null order by queue_number`,
      concert,
    );
    expect(passes.map(({ queue_number }) => queue_number)).toEqual([1, 3, 4, 5, 6, 7, 8]);
    for (const { active_until, activated_at } of passes) expect(active_until - activated_at).toBe(TTL_S * 1000);
  });

  it('activates nobody before sales open', async () => {
    const concert = await aConcertWith(system, { seats: 1, salesOpenAt: soon(60_000) });
    const early = await aFanInLine(system, concert);
    const open = await aConcertWith(system, { seats: 1 });
    await anActiveFan(system, open);
    expectStatus(await early.api.get(datesOf(concert)), 202);
    expect(await ticks(concert)).toEqual([]);
  });

  it('lets a pass that has just ended pay for its hold, and do nothing else', async () => {
    const concert = await aConcertWith(system, { seats: 2 });
    const { fan, reservationId, amount } = await aHeldReservation(system, concert);
    await topUp(fan, amount);
    await eventually(async () => (await fan.api.get(datesOf(concert))).status === 401);
    const another = { scheduleId: concert.scheduleId, seatIds: (await allSeats(system, concert)).slice(1) };
    expectProblem(await fan.api.post('/v1/reservations', another), 'TOKEN_EXPIRED', { reason: 'PASS_ENDED' });
    const payment = expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/payment`), 201);
    expect(payment.status).toBe('COMPLETED');
    expectProblem(await fan.api.get(datesOf(concert)), 'TOKEN_EXPIRED', { reason: 'SPENT' });
  });

  it('keeps the place of a fan who keeps asking, and loses that of a silent one', async () => {
    const concert = await aConcertWith(system, { seats: 1 });
    await setMode(system, concert, 'PAUSED');
    const silent = await aFanInLine(system, concert);
    const asking = await aFanInLine(system, concert);
    let token = asking.queueToken;
    let last = 0;
    // Past the lease that came with the place.
    const end = Date.now() + 1.7 * TTL_S * 1000;
    await eventually(
      async () => {
        const answer = await asking.api.get(datesOf(concert), { 'queue-token': token });
        const place = expectStatus(answer, 202);
        expect(place).toMatchObject({ status: 'WAITING', queueNumber: 2 });
        expect(Date.parse(place.expiresAt)).toBeGreaterThanOrEqual(last);
        last = Date.parse(place.expiresAt);
        ({ token } = place);
        return Date.now() > end;
      },
      { every: 300 },
    );
    await eventually(async () => {
      const [row] = await rows(
        'select lease_until from queue.place where concert_id = $1 and queue_number = 2',
        concert,
      );
      return row!.lease_until.getTime() >= last;
    });
    expectProblem(await silent.api.get(datesOf(concert)), 'TOKEN_EXPIRED', { reason: 'LAPSED' });
    expectProblem(await asking.api.get(datesOf(concert)), 'TOKEN_EXPIRED', { reason: 'LAPSED' });
    const again = expectStatus(await silent.api.post(placeOf(concert)), 201);
    expect(again.queueNumber).toBe(3);
  });

  it('is purged of finished places, who are refused as before', async () => {
    const { concert, left, passed } = finished;
    // Two lengths of time after the last pass: those of a pass and of a payment that comes late.
    await eventually(async () => (await numbersOf(concert)).length === 0, { within: 90_000, every: 200 });
    const next = expectStatus(await passed.api.post(placeOf(concert)), 201);
    expect(next.queueNumber).toBe(3);
    await eventually(async () => {
      const { servingNumber } = expectStatus(await system.api.get(`/v1/concerts/${concert.concertId}/queue`), 200);
      return servingNumber === 3;
    });
    for (const fan of [left, passed]) {
      const refused = expect.stringMatching(/^401 TOKEN_EXPIRED (?:LEFT|PASS_ENDED)$/);
      expect(await verdictsOf(fan, concert)).toEqual([refused, refused]);
    }
  });
});
