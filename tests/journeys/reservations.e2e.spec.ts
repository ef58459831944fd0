import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aHeldReservation,
  allSeats,
  anActiveFan,
  type AQueueingFan,
  eventually,
  expectProblem,
  expectStatus,
  freeSeats,
  rowsOf,
  startSystem,
  type System,
} from '#testing';

const HOLD_S = 300;
const TICKET_LIMIT = 4;
const hour = 60 * 60 * 1000;

describe('a hold', () => {
  let system: System;
  let concert: AConcert;
  let seats: string[];
  /** Takes the next seats that no other test touches. */
  const take = (count: number) => seats.splice(0, count);

  beforeAll(async () => {
    system = await startSystem({ settings: { REPLY_WAIT_MS: 6_000 } });
    concert = await aConcertWith(system, { seats: 60, price: 40_000 });
    seats = await allSeats(system, concert);
  });
  afterAll(() => system.stop());

  const hold = (fan: AQueueingFan, seatIds: readonly string[], headers = {}) =>
    fan.api.post('/v1/reservations', { scheduleId: concert.scheduleId, seatIds }, headers);

  it('of one seat makes a reservation that can be paid for five minutes', async () => {
    const fan = await anActiveFan(system, concert);
    const [seatId] = take(1);
    const answer = await hold(fan, [seatId!]);
    const reservation = expectStatus(answer, 201);
    expect(reservation).toEqual({
      reservationId: expect.any(String),
      status: 'WAITING',
      concertId: concert.concertId,
      title: 'An evening of string quartets',
      venue: null,
      scheduleId: concert.scheduleId,
      startsAt: expect.any(String),
      timeZone: 'Asia/Seoul',
      seats: [{ seatId, section: 'A', row: '1', number: 1, price: 40_000 }],
      amount: 40_000,
      currency: 'KRW',
      expiresAt: expect.any(String),
      expiresInSeconds: expect.any(Number),
      createdAt: expect.any(String),
      paidAt: null,
      paymentId: null,
      cancelledAt: null,
      refundedAmount: 0,
    });
    expect(Date.parse(reservation.expiresAt) - Date.parse(reservation.createdAt)).toBe(HOLD_S * 1000);
    expect(reservation.expiresInSeconds).toBeGreaterThan(HOLD_S - 60);
    expect(answer.headers.get('location')).toBe(`/v1/reservations/${reservation.reservationId}`);
    expect(answer.headers.get('queue-status')).toBe('ACTIVE');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const read = await fan.api.get(answer.headers.get('location') ?? '');
    expect({ ...expectStatus(read, 200), expiresInSeconds: 0 }).toEqual({ ...reservation, expiresInSeconds: 0 });
  });

  it('of several seats sums their prices', async () => {
    const seatIds = take(3);
    const reservation = expectStatus(await hold(await anActiveFan(system, concert), seatIds), 201);
    expect(reservation.amount).toBe(120_000);
    expect(reservation.seats.map(({ seatId }: { seatId: string }) => seatId).sort()).toEqual([...seatIds].sort());
  });

  it('takes all the seats or none, and says which were lost', async () => {
    const [first, second, third] = take(3) as [string, string, string];
    await aHeldReservation(system, concert, { seatIds: [second] });
    const fan = await anActiveFan(system, concert);
    expectProblem(await hold(fan, [first, second, third]), 'ALREADY_RESERVED_SEAT', { seatIds: [second] });
    const free = await freeSeats(fan, concert);
    expect(free).toEqual(expect.arrayContaining([first, third]));
    expect(free).not.toContain(second);
    expectStatus(await hold(fan, [first, third]), 201);
  });

  it("of one's own held seat is refused like anybody's", async () => {
    const { fan, seatIds } = await aHeldReservation(system, concert, { seatIds: take(1) });
    expectProblem(await hold(fan, seatIds), 'ALREADY_RESERVED_SEAT', { seatIds });
  });

  it('keeps to the ticket limit of a user and date', async () => {
    const fan = await anActiveFan(system, concert);
    const limit = { limit: TICKET_LIMIT };
    expectProblem(await hold(fan, take(TICKET_LIMIT + 1)), 'TICKET_LIMIT_EXCEEDED', limit);
    expectStatus(await hold(fan, take(TICKET_LIMIT - 1)), 201);
    expectProblem(await hold(fan, take(2)), 'TICKET_LIMIT_EXCEEDED', limit);
    expectStatus(await hold(fan, take(1)), 201);
  });

  it('of what does not exist is refused', async () => {
    const fan = await anActiveFan(system, concert);
    const [seatId] = take(1);
    expectProblem(await hold(fan, [seatId!, randomUUID()]), 'SEAT_NOT_FOUND');
    const nowhere = { scheduleId: randomUUID(), seatIds: [seatId] };
    expectProblem(await fan.api.post('/v1/reservations', nowhere), 'SCHEDULE_NOT_FOUND');
    expect(await freeSeats(fan, concert)).toContain(seatId);
  });

  it('outside the sale window is refused with the window', async () => {
    const window = { salesOpenAt: new Date(Date.now() - 2 * hour), salesCloseAt: new Date(Date.now() - hour) };
    const over = await aConcertWith(system, { seats: 1, ...window });
    const fan = await anActiveFan(system, over);
    const late = { scheduleId: over.scheduleId, seatIds: await allSeats(system, over) };
    expectProblem(await fan.api.post('/v1/reservations', late), 'SALES_CLOSED', {
      salesOpenAt: window.salesOpenAt.toISOString(),
      salesCloseAt: window.salesCloseAt.toISOString(),
    });
  });

  it('repeated with its key is the first decision again, also when that was a refusal', async () => {
    const fan = await anActiveFan(system, concert);
    const key = { 'idempotency-key': randomUUID() };
    const seatIds = take(1);
    const first = await hold(fan, seatIds, key);
    const again = await hold(fan, seatIds, key);
    expect(expectStatus(again, 201).reservationId).toBe(expectStatus(first, 201).reservationId);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expectProblem(await hold(fan, take(1), key), 'IDEMPOTENCY_KEY_REUSED');

    const refusedKey = { 'idempotency-key': randomUUID() };
    expectProblem(await hold(fan, seatIds, refusedKey), 'ALREADY_RESERVED_SEAT');
    expectStatus(await fan.api.post(`/v1/reservations/${first.body.reservationId}/cancel`), 200);
    const replayed = await hold(fan, seatIds, refusedKey);
    expectProblem(replayed, 'ALREADY_RESERVED_SEAT', { seatIds });
    expect(replayed.headers.get('idempotent-replayed')).toBe('true');
    expectStatus(await hold(fan, seatIds), 201);
  });

  it("is another user's own: for everybody else there is no such reservation", async () => {
    const { reservationId } = await aHeldReservation(system, concert, { seatIds: take(1) });
    const stranger = await anActiveFan(system, concert);
    const path = `/v1/reservations/${reservationId}`;
    expectProblem(await stranger.api.get(path), 'RESERVATION_NOT_FOUND');
    expectProblem(await stranger.api.post(`${path}/cancel`), 'RESERVATION_NOT_FOUND');
    expectProblem(await stranger.api.post(`${path}/payment`), 'RESERVATION_NOT_FOUND');
    expectProblem(await stranger.api.get(`/v1/reservations/${randomUUID()}`), 'RESERVATION_NOT_FOUND');
    expectProblem(await system.api.get(path), 'UNAUTHENTICATED');
  });

  describe('given back before it is paid', () => {
    it('is cancelled, and its seats can be held at once', async () => {
      const { fan, reservationId, seatIds } = await aHeldReservation(system, concert, { seatIds: take(2) });
      const rival = await anActiveFan(system, concert);
      const answer = await fan.api.post(`/v1/reservations/${reservationId}/cancel`);
      const cancelled = expectStatus(answer, 200);
      expect(cancelled).toMatchObject({ reservationId, status: 'CANCELLED', refundedAmount: 0, paidAt: null });
      expect(cancelled.cancelledAt).not.toBeNull();
      expectStatus(await hold(rival, seatIds), 201);
      const again = await fan.api.post(`/v1/reservations/${reservationId}/cancel`);
      expect(expectStatus(again, 200)).toEqual(cancelled);
      const [seatsOfRival] = await rowsOf(
        system.adminDatabaseUrl,
        'select count(*)::int as live from concert.claim where seat_id = any($1) and ended_at is null',
        [seatIds],
      );
      expect(seatsOfRival!.live).toBe(2);
    });

    it('cannot be paid any more', async () => {
      const { fan, reservationId } = await aHeldReservation(system, concert, { seatIds: take(1) });
      expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/cancel`), 200);
      const refused = await fan.api.post(`/v1/reservations/${reservationId}/payment`);
      expectProblem(refused, 'RESERVATION_NOT_PAYABLE');
    });

    it('makes room within the ticket limit', async () => {
      const { fan, reservationId } = await aHeldReservation(system, concert, { seatIds: take(TICKET_LIMIT) });
      expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/cancel`), 200);
      expectStatus(await hold(fan, take(TICKET_LIMIT)), 201);
    });
  });

  describe('is listed among my reservations', () => {
    it('newest first, page by page, by status and by concert', async () => {
      const fan = await anActiveFan(system, concert);
      const made: string[] = [];
      for (const seatId of take(3))
        made.push((await aHeldReservation(system, concert, { fan, seatIds: [seatId] })).reservationId);
      const other = await aConcertWith(system, { seats: 1 });
      const elsewhere = await aHeldReservation(system, other, { fan: await anActiveFan(system, other, fan.userId) });
      expectStatus(await fan.api.post(`/v1/reservations/${made[0]}/cancel`), 200);
      const all = [elsewhere.reservationId, made[2], made[1], made[0]];

      const list = async (query: string) => {
        const { items, nextCursor } = expectStatus(await fan.api.get(`/v1/reservations${query}`), 200);
        const ids: string[] = items.map(({ reservationId }: { reservationId: string }) => reservationId);
        return { ids, nextCursor, items };
      };
      expect(await list('')).toMatchObject({ ids: all, nextCursor: null });
      expect((await list('?status=CANCELLED')).ids).toEqual([made[0]]);
      expect((await list('?status=WAITING')).ids).toEqual(all.slice(0, 3));
      expect((await list(`?concertId=${other.concertId}`)).ids).toEqual([elsewhere.reservationId]);
      expect((await list(`?concertId=${concert.concertId}&status=WAITING`)).ids).toEqual([made[2], made[1]]);
      expect((await list(`?concertId=${randomUUID()}`)).ids).toEqual([]);

      const first = await list('?limit=3');
      const second = await list(`?limit=3&cursor=${first.nextCursor}`);
      expect([...first.ids, ...second.ids]).toEqual(all);
      expect(second.nextCursor).toBeNull();
      const single = expectStatus(await fan.api.get(`/v1/reservations/${made[2]}`), 200);
      const listed = first.items.find(({ reservationId }: { reservationId: string }) => reservationId === made[2]);
      expect({ ...listed, expiresInSeconds: 0 }).toEqual({ ...single, expiresInSeconds: 0 });
    });

    it('and those of a user who has none are an empty list', async () => {
      const fan = await system.api.signIn(`fan-${randomUUID()}`);
      expect(expectStatus(await fan.get('/v1/reservations'), 200)).toEqual({ items: [], nextCursor: null });
      for (const query of [
        '?limit=0',
        '?limit=101',
        '?cursor=bm9uc2Vuc2U',
        '?status=HELD',
        '?concertId=1',
        '?page=2',
      ]) {
        expectProblem(await fan.get(`/v1/reservations${query}`), 'INVALID_REQUEST');
      }
    });

    it('shows at once what the last answer said', async () => {
      const fan = await anActiveFan(system, concert);
      for (const seatId of take(3)) {
        const { reservationId } = expectStatus(await hold(fan, [seatId]), 201);
        const newest = expectStatus(await fan.api.get('/v1/reservations?limit=1'), 200).items[0];
        expect(newest.reservationId).toBe(reservationId);
        expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/cancel`), 200);
        const { status } = expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
        expect(status).toBe('CANCELLED');
      }
    });
  });

  it('undecided within the wait window is promised by 202, and decided when it is repeated', async () => {
    const fan = await anActiveFan(system, concert);
    const seatIds = take(1);
    const [service] = system.processes.concert;
    const key = { 'idempotency-key': randomUUID() };
    await service!.kill('SIGSTOP');
    const pending = await hold(fan, seatIds, key).finally(() => service!.kill('SIGCONT'));
    expect(expectStatus(pending, 202)).toEqual({ status: 'PENDING', idempotencyKey: key['idempotency-key'] });
    expect(pending.headers.get('retry-after')).toMatch(/^\d+$/);
    const location = pending.headers.get('location');
    expect(location).toMatch(/^\/v1\/reservations\//);
    const decided = await eventually(async () => {
      const answer = await hold(fan, seatIds, key);
      return answer.status !== 202 && answer;
    });
    expect(expectStatus(decided, 201).seats).toHaveLength(1);
    expect(decided.headers.get('location')).toBe(location);
  });
});
