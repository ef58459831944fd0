import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aHeldReservation,
  allSeats,
  anActiveFan,
  anActiveFanWith,
  aPaidReservation,
  type AQueueingFan,
  type AReservation,
  eventually,
  expectProblem,
  expectStatus,
  freeSeats,
  rowsOf,
  startSystem,
  type System,
  topUp,
} from '#testing';

const HOLD_MS = 10_000;

const datesOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/schedules`;
const seatsOf = (concert: AConcert, query = '') => `${datesOf(concert)}/${concert.scheduleId}/seats${query}`;

interface Seat {
  seatId: string;
  status: string;
}

/** Seats whose hold has ended, long before any sweep: the first comes when the process starts, the next an hour later. */
describe('the dates and seats of a concert', () => {
  let system: System;
  let concert: AConcert;
  /** Looks, and buys nothing. */
  let visitor: AQueueingFan;

  beforeAll(async () => {
    system = await startSystem({
      settings: { HOLD_SECONDS: HOLD_MS / 1000, RESERVATION_SWEEP_MS: 3_600_000, REPLY_WAIT_MS: 6_000 },
    });
    concert = await aConcertWith(system, { seats: 12, schedules: 2, price: 70_000 });
    visitor = await anActiveFan(system, concert);
  });
  afterAll(() => system.stop());

  const statusesOf = async (seatIds: readonly string[]) => {
    const { items } = expectStatus<{ items: Seat[] }>(await visitor.api.get(seatsOf(concert, '?status=all')), 200);
    return seatIds.map((id) => items.find(({ seatId }) => seatId === id)?.status);
  };
  const seatsLeft = async () => {
    const { items } = expectStatus(await visitor.api.get(datesOf(concert)), 200);
    return items.map(({ seatsAvailable }: { seatsAvailable: number }) => seatsAvailable);
  };

  it('are the dates with the seats that are left', async () => {
    const answer = await visitor.api.get(datesOf(concert));
    expect(expectStatus(answer, 200)).toEqual({
      items: concert.schedules.map(({ scheduleId }) => ({
        scheduleId,
        concertId: concert.concertId,
        startsAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        seatsTotal: 12,
        seatsAvailable: 12,
      })),
    });
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    expect(answer.headers.get('etag')).toMatch(/^W\/"/);
  });

  it('are the seats with their price and their place in the hall', async () => {
    const answer = await visitor.api.get(seatsOf(concert));
    const body = expectStatus(answer, 200);
    expect(body).toEqual({ scheduleId: concert.scheduleId, asOf: expect.any(String), items: expect.any(Array) });
    expect(body.items).toEqual(
      Array.from({ length: 12 }, (_, index) => ({
        seatId: expect.any(String),
        section: 'A',
        row: '1',
        number: index + 1,
        price: 70_000,
        currency: 'KRW',
      })),
    );
    expect(expectStatus(await visitor.api.get(seatsOf(concert, '?section=A')), 200).items).toHaveLength(12);
    expect(expectStatus(await visitor.api.get(seatsOf(concert, '?section=B')), 200).items).toEqual([]);
  });

  it('need a pass, and exist', async () => {
    const withoutPass = { 'queue-token': undefined };
    expectProblem(await visitor.api.get(datesOf(concert), withoutPass), 'QUEUE_TOKEN_REQUIRED');
    expectProblem(await visitor.api.get(seatsOf(concert), withoutPass), 'QUEUE_TOKEN_REQUIRED');
    expectProblem(await system.api.get(seatsOf(concert)), 'UNAUTHENTICATED');
    expectProblem(await visitor.api.get(`${datesOf(concert)}/${randomUUID()}/seats`), 'SCHEDULE_NOT_FOUND');
    const other = await aConcertWith(system, { seats: 1 });
    const ofAnother = `${datesOf(concert)}/${other.scheduleId}/seats`;
    expectProblem(await visitor.api.get(ofAnother), 'SCHEDULE_NOT_FOUND');
  });

  it('are without the seats that are held, sold or blocked', async () => {
    const { seatIds: sold } = await aPaidReservation(system, concert, { seats: 2 });
    const { seatIds: held, fan } = await aHeldReservation(system, concert, { seats: 2 });
    const blocked = (await allSeats(system, concert)).slice(-1);
    const organizer = await system.api.signIn('organizer-of-seats', ['organizer']);
    const blocking = { seatIds: blocked, blocked: true, reason: 'the view is bad' };
    expectStatus(await organizer.patch(`/v1/admin/schedules/${concert.scheduleId}/seats`, blocking), 200);

    const free = await freeSeats(fan, concert);
    for (const taken of [...sold, ...held]) expect(free).not.toContain(taken);
    expect(await statusesOf([...sold, ...held])).toEqual(['SOLD', 'SOLD', 'HELD', 'HELD']);
    await eventually(async () => (await statusesOf(blocked))[0] === 'BLOCKED');
    expect(await freeSeats(fan, concert)).not.toContain(blocked[0]);
    expect((await seatsLeft())[1]).toBe(12);
  });

  it('are not sent again while nothing but the time has changed', async () => {
    const quiet = await aConcertWith(system, { seats: 3 });
    const fan = await anActiveFan(system, quiet);
    const first = await fan.api.get(seatsOf(quiet));
    const etag = first.headers.get('etag') ?? '';
    // Past the shared copy's second, so that the second answer is read anew and has another asOf.
    const later = await eventually(async () => {
      const answer = await fan.api.get(seatsOf(quiet));
      return answer.body.asOf !== first.body.asOf && answer;
    });
    expect(later.headers.get('etag')).toBe(etag);
    const unchanged = await fan.api.get(seatsOf(quiet), { 'if-none-match': etag });
    expect({ status: unchanged.status, body: unchanged.body }).toEqual({ status: 304, body: undefined });
    expect(unchanged.headers.get('etag')).toBe(etag);
    expectStatus(await fan.api.get(datesOf(quiet), { 'if-none-match': etag }), 200);

    await aHeldReservation(system, quiet, { fan });
    const changed = await fan.api.get(seatsOf(quiet), { 'if-none-match': etag });
    expect(expectStatus(changed, 200).items).toHaveLength(2);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  it('are free at the end of a hold whose payment was refused, not at that payment’s deadline', async () => {
    const other = await aConcertWith(system, { seats: 1 });
    const next = await anActiveFan(system, other);
    const { fan, reservationId } = await aHeldReservation(system, other);
    expectProblem(await fan.api.post(`/v1/reservations/${reservationId}/payment`), 'NOT_ENOUGH_BALANCE');
    await eventually(async () => (await freeSeats(next, other)).length === 1);
  });

  describe('whose hold has ended', () => {
    /** Of a fan each, who has the money. They end together, while the first test waits. */
    let lapsed: AReservation[];

    beforeAll(async () => {
      const other = await aConcertWith(system, { seats: 12 });
      const seats = await allSeats(system, other);
      const wanted = [seats.slice(0, 4), seats.slice(4, 5), seats.slice(5, 6)];
      const fans = await Promise.all(wanted.map(() => anActiveFanWith(system, other, 500_000)));
      lapsed = await Promise.all(
        wanted.map((seatIds, index) => aHeldReservation(system, other, { fan: fans[index]!, seatIds })),
      );
    });

    const ended = async (index: number): Promise<AReservation> => {
      const one = lapsed[index]!;
      await eventually(() => Date.now() > Date.parse(one.expiresAt));
      return one;
    };
    it('are listed free at once and can be held at once, swept or not', async () => {
      const own = await aConcertWith(system, { seats: 5 });
      const looking = await anActiveFan(system, own);
      const left = async () => expectStatus(await looking.api.get(datesOf(own)), 200).items[0].seatsAvailable;
      const { fan, reservationId, seatIds, expiresAt } = await aHeldReservation(system, own, { seats: 2 });
      expect(await left()).toBe(3);
      const free = await eventually(
        async () => {
          const listed = await freeSeats(looking, own);
          return seatIds.every((seatId) => listed.includes(seatId)) && { at: Date.now() };
        },
        { every: 50 },
      );
      // A list is at most a second old; the sweep would come an hour later.
      expect(free.at).toBeGreaterThanOrEqual(Date.parse(expiresAt));
      expect(free.at).toBeLessThan(Date.parse(expiresAt) + 15_000);
      await eventually(async () => (await left()) === 5);

      const [row] = await rowsOf(
        system.adminDatabaseUrl,
        'select status from reservation.reservation where reservation_id = $1',
        [reservationId],
      );
      expect(row!.status).toBe('WAITING');
      const shown = expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
      expect(shown).toMatchObject({ status: 'EXPIRED', expiresInSeconds: 0 });
      const rival = await aHeldReservation(system, own, { seatIds });
      expect(rival.reservationId).not.toBe(reservationId);
    });

    it('can be held again by the same fan, within the ticket limit', async () => {
      const { fan, reservationId, seatIds } = await ended(0);
      const { scheduleId } = expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
      const again = await fan.api.post('/v1/reservations', { scheduleId, seatIds });
      expect(expectStatus(again, 201).seats).toHaveLength(seatIds.length);
    });

    it('cannot be paid, and no money moves', async () => {
      const { fan, reservationId } = await ended(1);
      const refused = await fan.api.post(`/v1/reservations/${reservationId}/payment`);
      expectProblem(refused, 'EXPIRED_RESERVATION', { paymentId: null });
      expect(expectStatus(await fan.api.get('/v1/wallet'), 200).balance).toBe(500_000);
      const { items } = expectStatus(await fan.api.get('/v1/wallet/entries'), 200);
      expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(['TOP_UP']);
      const shown = expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
      expect(shown).toMatchObject({ status: 'EXPIRED', paidAt: null });
      // The pass was not spent.
      expectStatus(await fan.api.get(`/v1/concerts/${shown.concertId}/schedules`), 200);
    });

    it('cannot be cancelled any more', async () => {
      const { fan, reservationId } = await ended(2);
      const refused = await fan.api.post(`/v1/reservations/${reservationId}/cancel`);
      expectProblem(refused, 'RESERVATION_NOT_CANCELLABLE');
    });

    it('are kept by a payment that began in time', async () => {
      const { fan, reservationId, amount, seatIds, expiresAt } = await aHeldReservation(system, concert);
      await topUp(fan, amount);
      const [wallet] = system.processes.wallet;
      await wallet!.kill('SIGSTOP');
      const key = { 'idempotency-key': randomUUID() };
      const path = `/v1/reservations/${reservationId}/payment`;
      const pending = await fan.api.post(path, undefined, key);
      expect(expectStatus(pending, 202)).toEqual({ status: 'PENDING', idempotencyKey: key['idempotency-key'] });
      expect(pending.headers.get('retry-after')).toMatch(/^\d+$/);
      const location = pending.headers.get('location') ?? '';
      expect(location).toMatch(/^\/v1\/payments\//);
      await eventually(() => Date.now() > Date.parse(expiresAt) + 500);
      const rival = await anActiveFan(system, concert);
      const hold = { scheduleId: concert.scheduleId, seatIds };
      expectProblem(await rival.api.post('/v1/reservations', hold), 'ALREADY_RESERVED_SEAT', { seatIds });
      await wallet!.kill('SIGCONT');
      const paid = await eventually(async () => {
        const { body } = await fan.api.get(location);
        return body.status === 'COMPLETED' && body;
      });
      expect(paid).toMatchObject({ reservationId, amount, failure: null });
    });
  });
});
