import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aFan,
  aFanInLine,
  aHeldReservation,
  allSeats,
  anActiveFan,
  eventually,
  expectProblem,
  expectStatus,
  rowsOf,
  setMode,
  startSystem,
  type System,
} from '#testing';

const TEN_MINUTES_S = 600;
const joinOf = ({ concertId }: Pick<AConcert, 'concertId'>) => `/v1/concerts/${concertId}/queue-token`;

describe('a queue token', () => {
  let system: System;
  /** On sale: the next tick lets everybody in. */
  let concert: AConcert;
  /** Paused: everybody in its line waits. */
  let pausedConcert: AConcert;

  beforeAll(async () => {
    system = await startSystem();
    concert = await aConcertWith(system, { seats: 20 });
    pausedConcert = await aConcertWith(system, { seats: 20 });
    await setMode(system, pausedConcert, 'PAUSED');
  });
  afterAll(() => system.stop());

  const places = ({ concertId }: AConcert) =>
    rowsOf(system.adminDatabaseUrl, 'select * from queue.judged_place where concert_id = $1 order by queue_number', [
      concertId,
    ]);

  it('is issued for ten minutes, with a place in line that is stored', async () => {
    const fan = await aFan(system);
    const answer = await fan.api.post(joinOf(pausedConcert));
    const { chance, ...place } = expectStatus(answer, 201);
    // Null until the seats were counted.
    expect([null, 'LIKELY']).toContain(chance);
    expect(place).toEqual({
      concertId: pausedConcert.concertId,
      status: 'WAITING',
      admissionClass: 'general',
      mode: 'PAUSED',
      message: null,
      token: expect.stringMatching(/^v1\.[\w-]+\.[\w-]+\.[\w-]{43}$/),
      registration: null,
      queueNumber: 1,
      position: 1,
      estimatedWaitSeconds: null,
      opensAt: null,
      expiresAt: expect.any(String),
      expiresInSeconds: expect.any(Number),
      pollAfterSeconds: expect.any(Number),
    });
    expect(place.expiresInSeconds).toBeGreaterThan(TEN_MINUTES_S - 60);
    expect(place.expiresInSeconds).toBeLessThanOrEqual(TEN_MINUTES_S);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const [row] = await places(pausedConcert);
    expect(row).toMatchObject({ queue_number: 1, user_id: fan.userId, status: 'WAITING' });
    expect(row!.lease_until.getTime()).toBeGreaterThanOrEqual(Date.parse(place.expiresAt));
  });

  it('is given again, fresh and for the same place, to a user who joins again', async () => {
    const fan = await aFan(system);
    const first = expectStatus(await fan.api.post(joinOf(pausedConcert)), 201);
    const second = expectStatus(await fan.api.post(joinOf(pausedConcert)), 200);
    expect(second).toMatchObject({ queueNumber: first.queueNumber, status: 'WAITING' });
    expect(second.token).not.toBe(first.token);
    for (const { token } of [first, second]) {
      const answer = await fan.api.get(joinOf(pausedConcert), { 'queue-token': token });
      expect(expectStatus(answer, 200).queueNumber).toBe(first.queueNumber);
    }
  });

  it('is one for each user and concert, however often the user joins at the same time', async () => {
    const fan = await aFan(system);
    const answers = await Promise.all(Array.from({ length: 20 }, () => fan.api.post(joinOf(pausedConcert))));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(19).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => body.queueNumber)).size).toBe(1);
    const mine = (await places(pausedConcert)).filter((row) => row.user_id === fan.userId);
    expect(mine).toHaveLength(1);
    const other = expectStatus(await fan.api.post(joinOf(concert)), 201);
    expect(other).toMatchObject({ queueNumber: 1, concertId: concert.concertId });
  });

  it('has the next number of its line, without a gap', async () => {
    const before = (await places(pausedConcert)).length;
    await Promise.all(Array.from({ length: 15 }, () => aFanInLine(system, pausedConcert)));
    const numbers = (await places(pausedConcert)).map((row) => row.queue_number);
    expect(numbers).toEqual(Array.from({ length: before + 15 }, (_, index) => index + 1));
  });

  it('is not given for a concert that nobody announced', async () => {
    const fan = await aFan(system);
    expectProblem(await fan.api.post(joinOf({ concertId: randomUUID() })), 'CONCERT_NOT_FOUND');
  });

  it('is refused when forged, of another user or of another concert', async () => {
    const [fan, other] = [await aFanInLine(system, pausedConcert), await aFanInLine(system, pausedConcert)];
    const show = (queueToken: string | undefined, of = pausedConcert) =>
      fan.api.get(joinOf(of), { 'queue-token': queueToken });
    expectStatus(await show(fan.queueToken), 200);

    const [version, kid, payload = '', signature = ''] = fan.queueToken.split('.');
    const facts = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
    const firstInLine = Buffer.from(JSON.stringify(facts.with(2, 1))).toString('base64url');
    const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    const forged = [
      `${version}.${kid}.${firstInLine}.${signature}`,
      `${version}.${kid}.${payload}.${flipped}`,
      `${version}.k9.${payload}.${signature}`,
      `${version}.${kid}.${payload}`,
      `${fan.queueToken}=`,
      'nonsense',
      'v1.k1..',
    ];
    for (const token of forged) expectProblem(await show(token), 'INVALID_TOKEN', { reason: 'INVALID' });
    expectProblem(await show(other.queueToken), 'INVALID_TOKEN', { reason: 'INVALID' });
    expectProblem(await show(fan.queueToken, concert), 'INVALID_TOKEN', { reason: 'INVALID' });
    expectProblem(await show(undefined), 'QUEUE_TOKEN_REQUIRED');
  });

  it('belongs to the user, not to one access token', async () => {
    const fan = await aFanInLine(system, pausedConcert);
    const again = await system.api.signIn(fan.userId);
    const answer = await again.get(joinOf(pausedConcert), { 'queue-token': fan.queueToken });
    expectStatus(answer, 200);
  });

  it('that waits is renewed on every call, and the call is not forwarded', async () => {
    const fan = await aFanInLine(system, pausedConcert);
    const [seatId] = await allSeats(system, pausedConcert);
    const calls = [
      () => fan.api.post('/v1/reservations', { scheduleId: pausedConcert.scheduleId, seatIds: [seatId] }),
      () => fan.api.get(`/v1/concerts/${pausedConcert.concertId}/schedules`),
      () => fan.api.get(`/v1/concerts/${pausedConcert.concertId}/schedules/${pausedConcert.scheduleId}/seats`),
      () => fan.api.post(`/v1/reservations/${randomUUID()}/payment`),
    ];
    let last = 0;
    for (const call of calls) {
      const answer = await call();
      const place = expectStatus(answer, 202);
      expect(place).toMatchObject({ concertId: pausedConcert.concertId, status: 'WAITING' });
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'queue-status': 'WAITING',
        'queue-token': place.token,
        'retry-after': String(place.pollAfterSeconds),
      });
      expect(answer.headers.get('location')).toBeNull();
      const expiresAt = Date.parse(place.expiresAt);
      expect(expiresAt).toBeGreaterThanOrEqual(last);
      expect(Math.abs(expiresAt - Date.now() - TEN_MINUTES_S * 1000)).toBeLessThan(60_000);
      last = expiresAt;
      expectStatus(await fan.api.get(joinOf(pausedConcert), { 'queue-token': place.token }), 200);
    }
    // The same millisecond, the same token: a later one is another, and ends later.
    const renewed = await eventually(async () => {
      const place = expectStatus(await calls[1]!(), 202);
      return Date.parse(place.expiresAt) > last && place;
    });
    expect(renewed.token).not.toBe(fan.queueToken);
    const [count] = await rowsOf(
      system.adminDatabaseUrl,
      `select (select count(*) from concert.claim where user_id = $1) + (select count(*) from reservation.reservation
       where user_id = $1) + (select count(*) from reservation.payment where user_id = $1) as made`,
      [fan.userId],
    );
    expect(Number(count!.made)).toBe(0);
  });

  it('shows the same place with Queue-Status and Retry-After when it is asked for', async () => {
    const fan = await aFanInLine(system, pausedConcert);
    const answer = await fan.api.get(joinOf(pausedConcert));
    const place = expectStatus(answer, 200);
    expect(answer.headers.get('queue-status')).toBe('WAITING');
    expect(answer.headers.get('retry-after')).toBe(String(place.pollAfterSeconds));
    expect(place.position).toBeGreaterThan(0);
    expect(place.position).toBeLessThanOrEqual(place.queueNumber);
  });

  it('that is active is forwarded with Queue-Status, for ten minutes from its tick', async () => {
    const fan = await anActiveFan(system, concert);
    const place = expectStatus(await fan.api.get(joinOf(concert)), 200);
    expect(place).toMatchObject({ status: 'ACTIVE', position: 0, token: fan.queueToken });
    const row = (await places(concert)).find(({ user_id }) => user_id === fan.userId);
    expect(row).toMatchObject({ status: 'ACTIVE' });
    expect(row!.active_until - row!.activated_at).toBe(TEN_MINUTES_S * 1000);
    expect(Date.parse(place.expiresAt)).toBe(row!.active_until.getTime());
    const dates = await fan.api.get(`/v1/concerts/${concert.concertId}/schedules`);
    expectStatus(dates, 200);
    expect(dates.headers.get('queue-status')).toBe('ACTIVE');
    expect(dates.headers.get('queue-token')).toBeNull();
  });

  it('for one concert buys nothing of another', async () => {
    const fan = await anActiveFan(system, concert);
    const other = await aConcertWith(system, { seats: 1 });
    const seatIds = await allSeats(system, other);
    const hold = await fan.api.post('/v1/reservations', { scheduleId: other.scheduleId, seatIds });
    expectProblem(hold, 'INVALID_TOKEN', { reason: 'INVALID' });
  });

  it('is no good once its user has left, who can join again at the end of the line', async () => {
    const fan = await aFanInLine(system, pausedConcert);
    const { queueNumber } = expectStatus(await fan.api.get(joinOf(pausedConcert)), 200);
    const left = await fan.api.delete(joinOf(pausedConcert));
    expect({ status: left.status, body: left.body }).toEqual({ status: 204, body: undefined });
    for (const call of [fan.api.get(joinOf(pausedConcert)), fan.api.delete(joinOf(pausedConcert))]) {
      expectProblem(await call, 'TOKEN_EXPIRED', { reason: 'LEFT' });
    }
    const again = expectStatus(await fan.api.post(joinOf(pausedConcert)), 201);
    expect(again.queueNumber).toBeGreaterThan(queueNumber);
  });

  it('given up leaves the holds taken with it', async () => {
    const { fan, reservationId } = await aHeldReservation(system, concert);
    expectStatus(await fan.api.delete(joinOf(concert)), 204);
    expectProblem(await fan.api.get(`/v1/concerts/${concert.concertId}/schedules`), 'TOKEN_EXPIRED', {
      reason: 'LEFT',
    });
    const reservation = expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
    expect(reservation.status).toBe('WAITING');
  });

  it('is counted in the line that everybody may see', async () => {
    const waiting = (await places(pausedConcert)).filter(({ status }) => status === 'WAITING').length;
    const answer = await eventually(async () => {
      const latest = await system.api.get(`/v1/concerts/${pausedConcert.concertId}/queue`);
      return latest.body.waitingCount === waiting && latest;
    });
    expect(expectStatus(answer, 200)).toEqual({
      concertId: pausedConcert.concertId,
      mode: 'PAUSED',
      draw: null,
      waitingCount: waiting,
      activeCount: 0,
      lastQueueNumber: expect.any(Number),
      servingNumber: 0,
      activationBatch: 1000,
      tickSeconds: 0.5,
      updatedAt: expect.any(String),
    });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=1');
    expectProblem(await system.api.get(`/v1/concerts/${randomUUID()}/queue`), 'CONCERT_NOT_FOUND');
  });
});
