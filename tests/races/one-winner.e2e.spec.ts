import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aFan,
  aHeldReservation,
  allSeats,
  anActiveFan,
  type Answer,
  type ApiClient,
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
import { allAtOnce, type Runner } from './starting-gun.js';

const PRICE = 50_000;

/** Requests of one race, all sent before the first answer, through both gateways in turn. */
describe('in a race', () => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem({ replicas: { gateway: 2 } });
  });
  afterAll(() => system.stop());

  const throughBoth = (api: ApiClient, index: number) =>
    api.with({ baseUrl: system.gateways[index % system.gateways.length] ?? '' });
  const activeFans = (concert: AConcert, count: number) =>
    Promise.all(Array.from({ length: count }, () => anActiveFan(system, concert)));
  const statuses = (answers: readonly Answer[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const balanceOf = async (api: ApiClient) => expectStatus(await api.get('/v1/wallet'), 200).balance;
  const entriesOf = async (api: ApiClient) =>
    expectStatus<{ items: { kind: string; amount: number; balanceAfter: number }[] }>(
      await api.get('/v1/wallet/entries?limit=100'),
      200,
    ).items;
  /** Waits until both gateways have heard that the whole line was let in. */
  const heardByBoth = (concert: AConcert) =>
    Promise.all(
      system.gateways.map((baseUrl) =>
        eventually(async () => {
          const answer = await system.api.with({ baseUrl }).get(`/v1/concerts/${concert.concertId}/queue`);
          const { lastQueueNumber, servingNumber } = expectStatus(answer, 200);
          return lastQueueNumber > 0 && servingNumber === lastQueueNumber;
        }),
      ),
    );

  it('of 200 users for one seat, one gets it and 199 are told that it is taken', async () => {
    const concert = await aConcertWith(system, { seats: 1, price: PRICE });
    const fans = await activeFans(concert, 200);
    await heardByBoth(concert);
    const seatIds = await allSeats(system, concert);
    const body = { scheduleId: concert.scheduleId, seatIds };
    const answers = await allAtOnce(
      fans.map(({ api }, index) => ({ api: throughBoth(api, index), path: '/v1/reservations', body })),
    );
    expect(statuses(answers)).toEqual({ 201: 1, 409: 199 });
    for (const answer of answers) {
      if (answer.status === 409) expectProblem(answer, 'ALREADY_RESERVED_SEAT', { seatIds });
    }
    const [stored] = await rowsOf(
      system.adminDatabaseUrl,
      `select (select count(*)::int from concert.claim where seat_id = $1) as claims,
              (select count(*)::int from reservation.reservation where schedule_id = $2) as reservations`,
      [seatIds[0], concert.scheduleId],
    );
    expect(stored).toEqual({ claims: 1, reservations: 1 });
  });

  it('of overlapping holds in opposite order, all are answered and no seat has two owners', async () => {
    const concert = await aConcertWith(system, { seats: 8 });
    const fans = await activeFans(concert, 60);
    await heardByBoth(concert);
    const seats = await allSeats(system, concert);
    // Windows of four seats that overlap their neighbours, half of them named backwards.
    const wishes = fans.map((_, index) => {
      const window = [0, 1, 2, 3].map((step) => seats[(index + step) % seats.length]!);
      return index % 2 === 0 ? window : window.reverse();
    });
    const answers = await allAtOnce(
      fans.map(({ api }, index) => ({
        api: throughBoth(api, index),
        path: '/v1/reservations',
        body: { scheduleId: concert.scheduleId, seatIds: wishes[index] },
      })),
    );
    const { 201: won = 0, 409: lost = 0 } = statuses(answers);
    expect(won).toBeGreaterThan(0);
    expect(won + lost).toBe(fans.length);
    const winners = answers.flatMap(({ status }, index) => (status === 201 ? [wishes[index]!] : []));
    const taken = winners.flat();
    expect(new Set(taken).size).toBe(taken.length);
    for (const [index, answer] of answers.entries()) {
      if (answer.status !== 409) continue;
      const { seatIds } = expectProblem(answer, 'ALREADY_RESERVED_SEAT');
      expect(wishes[index]).toEqual(expect.arrayContaining(seatIds as string[]));
      expect(taken).toEqual(expect.arrayContaining(seatIds as string[]));
    }
    const free = await freeSeats(fans[0]!, concert);
    expect([...free, ...taken].sort()).toEqual([...seats].sort());
  });

  it('of 100 top-ups with keys of their own, all count', async () => {
    const { api } = await aFan(system);
    const amounts = Array.from({ length: 100 }, (_, index) => index + 1);
    const answers = await allAtOnce(
      amounts.map((amount, index) => topUpOf(throughBoth(api, index), amount, randomUUID())),
    );
    expect(statuses(answers)).toEqual({ 201: 100 });
    expect(new Set(answers.map(({ body }) => body.topUpId)).size).toBe(100);
    expect(await balanceOf(api)).toBe(5_050);
    const entries = await entriesOf(api);
    expect(entries).toHaveLength(100);
    // One after another on one wallet: every balance is the one before, and the amount.
    for (const [index, { amount, balanceAfter }] of entries.entries()) {
      expect(balanceAfter).toBe((entries[index + 1]?.balanceAfter ?? 0) + amount);
    }
  });

  it('of 50 top-ups with the same key, one counts and everybody gets its answer', async () => {
    const { api } = await aFan(system);
    const key = randomUUID();
    const answers = await allAtOnce(
      Array.from({ length: 50 }, (_, index) => topUpOf(throughBoth(api, index), 700, key)),
    );
    expect(statuses(answers)).toEqual({ 201: 50 });
    for (const { body } of answers) expect(body).toEqual(answers[0]!.body);
    const replayed = answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true');
    expect(replayed).toHaveLength(49);
    expect(await balanceOf(api)).toBe(700);
    expect(await entriesOf(api)).toHaveLength(1);
  });

  it('of 20 payments of one reservation, one debits the wallet', async () => {
    const concert = await aConcertWith(system, { seats: 1, price: PRICE });
    const held = await aHeldReservation(system, concert);
    const { api } = held.fan;
    await heardByBoth(concert);
    await topUp(held.fan, 20 * PRICE);
    const answers = await allAtOnce(
      Array.from({ length: 20 }, (_, index) => paymentOf({ ...held, api: throughBoth(api, index) })),
    );
    const paid = answers.filter(({ status }) => status === 201);
    expect(paid).toHaveLength(1);
    const { paymentId } = paid[0]!.body;
    for (const answer of answers) {
      if (answer.status === 200) expect(answer.body.paymentId).toBe(paymentId);
      else if (answer.status !== 201) expectProblem(answer, 'PAYMENT_IN_PROGRESS', { paymentId });
    }
    expect(await balanceOf(api)).toBe(19 * PRICE);
    const debits = (await entriesOf(api)).filter(({ kind }) => kind === 'DEBIT');
    expect(debits).toMatchObject([{ amount: PRICE, balanceAfter: 19 * PRICE }]);
    const attempts = await rowsOf(
      system.adminDatabaseUrl,
      `select payment_id from reservation.payment where reservation_id = $1 and state not in ('REJECTED', 'COMPENSATED')`,
      [held.reservationId],
    );
    expect(attempts).toEqual([{ payment_id: paymentId }]);
  });

  it('of two payments from a wallet that can afford one, one is made and one refused', async () => {
    const concerts = [
      await aConcertWith(system, { seats: 1, price: PRICE }),
      await aConcertWith(system, { seats: 1, price: PRICE }),
    ];
    const { userId } = await aFan(system);
    const held: AReservation[] = [];
    for (const concert of concerts) {
      const fan = await anActiveFan(system, concert, userId);
      await heardByBoth(concert);
      held.push(await aHeldReservation(system, concert, { fan }));
    }
    await topUp(held[0]!.fan, 2 * PRICE - 1);
    const answers = await allAtOnce(
      held.map((one, index) => paymentOf({ ...one, api: throughBoth(one.fan.api, index) })),
    );
    expect(statuses(answers)).toEqual({ 201: 1, 402: 1 });
    const refused = answers.find(({ status }) => status === 402)!;
    expectProblem(refused, 'NOT_ENOUGH_BALANCE', { balance: PRICE - 1, amount: PRICE });
    const { api } = held[0]!.fan;
    expect(await balanceOf(api)).toBe(PRICE - 1);
    const shown = await api.get('/v1/reservations');
    const states = expectStatus(shown, 200).items.map(({ status }: { status: string }) => status);
    expect(states.sort()).toEqual(['CONFIRMED', 'WAITING']);
  });

  it('leaves a ledger that sums to zero and seats with one owner each', async () => {
    const [sums] = await rowsOf(
      system.adminDatabaseUrl,
      `select (select coalesce(sum(amount), 0)::text from wallet.entry) as ledger,
              (select count(*)::int from (select from concert.claim where ended_at is null group by seat_id
                 having count(*) > 1) twice) as claimed_twice,
              (select count(*)::int from wallet.dead_letter) + (select count(*)::int from concert.dead_letter)
                + (select count(*)::int from reservation.dead_letter) + (select count(*)::int from queue.dead_letter)
                as parked`,
    );
    expect(sums).toEqual({ ledger: '0', claimed_twice: 0, parked: 0 });
  });
});

function topUpOf(api: ApiClient, amount: number, key: string): Runner {
  return { api, path: '/v1/wallet/top-ups', body: { amount }, headers: { 'idempotency-key': key } };
}

function paymentOf({ reservationId, api }: { reservationId: string; api: ApiClient }): Runner {
  return { api, path: `/v1/reservations/${reservationId}/payment` };
}
