import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  type AConcert,
  aConcertWith,
  aFanInLine,
  aHeldReservation,
  allSeats,
  anActiveFan,
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

const PRICE = 50_000;

describe('a payment', () => {
  let system: System;
  let concert: AConcert;
  let seats: string[];
  /** Takes the next seats that no other test touches. */
  const take = (count = 1) => ({ seatIds: seats.splice(0, count) });

  beforeAll(async () => {
    system = await startSystem();
    concert = await aConcertWith(system, { seats: 60, price: PRICE });
    seats = await allSeats(system, concert);
  });
  afterAll(() => system.stop());

  const pay = ({ fan, reservationId }: AReservation, headers = {}) =>
    fan.api.post(`/v1/reservations/${reservationId}/payment`, undefined, headers);
  const cancel = ({ fan, reservationId }: AReservation) => fan.api.post(`/v1/reservations/${reservationId}/cancel`);
  const show = async ({ fan, reservationId }: AReservation) =>
    expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
  const balanceOf = async ({ api }: AQueueingFan) => expectStatus(await api.get('/v1/wallet'), 200).balance;
  const entriesOf = async ({ api }: AQueueingFan) => {
    const { items } = expectStatus(await api.get('/v1/wallet/entries'), 200);
    return items.map(({ kind, amount, paymentId }: Record<string, unknown>) => ({ kind, amount, paymentId }));
  };
  const dates = ({ api }: AQueueingFan) => api.get(`/v1/concerts/${concert.concertId}/schedules`);
  const activeAgain = (fan: AQueueingFan) => anActiveFan(system, concert, fan.userId);

  it('takes the money, sells the seats, confirms the reservation and spends the queue token', async () => {
    const held = await aHeldReservation(system, concert, take(2));
    const { fan, reservationId } = held;
    await topUp(fan, 130_000);
    const answer = await pay(held);
    const payment = expectStatus(answer, 201);
    expect(payment).toEqual({
      paymentId: expect.any(String),
      reservationId,
      status: 'COMPLETED',
      amount: 2 * PRICE,
      currency: 'KRW',
      paidAt: expect.any(String),
      failure: null,
      timeline: expect.any(Array),
    });
    expect(answer.headers.get('location')).toBe(`/v1/payments/${payment.paymentId}`);
    expectProblem(await dates(fan), 'TOKEN_EXPIRED', { reason: 'SPENT' });

    const { paymentId, paidAt } = payment;
    expect(await show(held)).toMatchObject({ status: 'CONFIRMED', paymentId, paidAt, refundedAmount: 0 });
    expect(await balanceOf(fan)).toBe(30_000);
    expect(await entriesOf(fan)).toEqual([
      { kind: 'DEBIT', amount: 2 * PRICE, paymentId },
      { kind: 'TOP_UP', amount: 130_000, paymentId: null },
    ]);
    const looking = await anActiveFan(system, concert);
    const map = expectStatus(
      await looking.api.get(`/v1/concerts/${concert.concertId}/schedules/${concert.scheduleId}/seats?status=all`),
      200,
    );
    const mine = map.items.filter(({ seatId }: { seatId: string }) => held.seatIds.includes(seatId));
    expect(mine.map(({ status }: { status: string }) => status)).toEqual(['SOLD', 'SOLD']);
  });

  it('tells its story', async () => {
    const { fan, paymentId } = await aPaidReservation(system, concert, take());
    const story = async () => expectStatus(await fan.api.get(`/v1/payments/${paymentId}`), 200);
    const { timeline } = await eventually(async () => {
      const payment = await story();
      return payment.timeline.at(-1).state === 'COMPLETED' && payment;
    });
    const states: string[] = timeline.map(({ state }: { state: string }) => state);
    expect([...new Set(states)]).toEqual(['DEBITING', 'CONFIRMING', 'EXPIRING_TOKEN', 'COMPLETED']);
    const times: string[] = timeline.map(({ at }: { at: string }) => at);
    expect(times).toEqual([...times].sort());
    for (const { event } of timeline) expect(event).toEqual(expect.any(String));
    const stranger = await anActiveFan(system, concert);
    expectProblem(await stranger.api.get(`/v1/payments/${paymentId}`), 'PAYMENT_NOT_FOUND');
    expectProblem(await fan.api.get(`/v1/payments/${randomUUID()}`), 'PAYMENT_NOT_FOUND');
  });

  it('leaves other reservations of the fan to a new pass', async () => {
    const first = await aHeldReservation(system, concert, take());
    const second = await aHeldReservation(system, concert, { fan: first.fan, ...take() });
    await topUp(first.fan, 2 * PRICE);
    expectStatus(await pay(first), 201);
    expectProblem(await pay(second), 'TOKEN_EXPIRED', { reason: 'SPENT' });
    expectStatus(await pay({ ...second, fan: await activeAgain(first.fan) }), 201);
  });

  it('needs a pass: one that still waits is not forwarded', async () => {
    const later = await aConcertWith(system, { seats: 1, salesOpenAt: new Date(Date.now() + 3_600_000) });
    const waiting = await aFanInLine(system, later);
    const answer = await waiting.api.post(`/v1/reservations/${randomUUID()}/payment`);
    expect(expectStatus(answer, 202).status).toBe('PREQUEUE');
    const held = await aHeldReservation(system, concert, take());
    expectProblem(await pay(held, { 'queue-token': undefined }), 'QUEUE_TOKEN_REQUIRED');
  });

  it("is not taken with another concert's pass", async () => {
    const held = await aHeldReservation(system, concert, take());
    await topUp(held.fan, PRICE);
    const other = await aConcertWith(system, { seats: 1 });
    const fan = await anActiveFan(system, other, held.fan.userId);
    expectProblem(await pay({ ...held, fan }), 'INVALID_TOKEN', { reason: 'INVALID' });
    expect((await show(held)).status).toBe('WAITING');
    expect(await balanceOf(held.fan)).toBe(PRICE);
  });

  it('with too little money is refused, and can be made once there is enough', async () => {
    const held = await aHeldReservation(system, concert, take());
    const { fan } = held;
    await topUp(fan, PRICE - 1);
    const refused = expectProblem(await pay(held), 'NOT_ENOUGH_BALANCE', { balance: PRICE - 1, amount: PRICE });
    expect(await show(held)).toMatchObject({
      status: 'WAITING',
      expiresAt: held.expiresAt,
      paidAt: null,
      paymentId: refused.paymentId,
    });
    const attempt = expectStatus(await fan.api.get(`/v1/payments/${String(refused.paymentId)}`), 200);
    expect(attempt).toMatchObject({ status: 'REJECTED', paidAt: null, failure: { code: 'NOT_ENOUGH_BALANCE' } });
    expect(await balanceOf(fan)).toBe(PRICE - 1);
    expectStatus(await dates(fan), 200);

    await topUp(fan, 1);
    const payment = expectStatus(await pay(held), 201);
    expect(payment.paymentId).not.toBe(refused.paymentId);
    expect(await balanceOf(fan)).toBe(0);
  });

  it('of a paid reservation is the payment that was made, and spends nothing', async () => {
    const paid = await aPaidReservation(system, concert, take());
    await topUp(paid.fan, PRICE);
    const fan = await activeAgain(paid.fan);
    const again = await pay({ ...paid, fan });
    expect(expectStatus(again, 200)).toMatchObject({ paymentId: paid.paymentId, status: 'COMPLETED' });
    expect(again.headers.get('location')).toBe(`/v1/payments/${paid.paymentId}`);
    expect(await balanceOf(fan)).toBe(PRICE);
    expectStatus(await dates(fan), 200);
  });

  it('asked for again with the token it spent is shown, for whoever lost the answer', async () => {
    const held = await aHeldReservation(system, concert, take());
    await topUp(held.fan, PRICE);
    const key = { 'idempotency-key': randomUUID() };
    const { paymentId } = expectStatus(await pay(held, key), 201);
    for (const [headers, status, replayed] of [
      [key, 201, 'true'],
      [{ 'idempotency-key': randomUUID() }, 200, null],
      [{}, 200, null],
    ] as const) {
      const again = await pay(held, headers);
      expect(expectStatus(again, status)).toMatchObject({ paymentId, status: 'COMPLETED' });
      expect(again.headers.get('idempotent-replayed')).toBe(replayed);
      expect(again.headers.get('location')).toBe(`/v1/payments/${paymentId}`);
    }
    expect(await balanceOf(held.fan)).toBe(0);
  });

  it('told again under its key is what was told first, whatever has happened since', async () => {
    const held = await aHeldReservation(system, concert, take());
    const [refused, paid, late] = [0, 1, 2].map(() => ({ 'idempotency-key': randomUUID() }));
    expectProblem(await pay(held, refused), 'NOT_ENOUGH_BALANCE');
    await topUp(held.fan, PRICE);
    const first = expectStatus(await pay(held, paid), 201);
    // The token is spent by now, and the payment's timeline goes on.
    await eventually(async () => {
      const { timeline } = expectStatus(await held.fan.api.get(`/v1/payments/${first.paymentId}`), 200);
      return timeline.length > first.timeline.length;
    });
    expect(expectStatus(await pay(held, paid), 201)).toEqual(first);
    for (const replayed of [null, 'true']) {
      const again = await pay(held, late);
      expectStatus(again, 200);
      expect(again.headers.get('idempotent-replayed')).toBe(replayed);
    }
    expectProblem(await pay(held, refused), 'NOT_ENOUGH_BALANCE');
  });

  it('refused once is refused again under the same key, and decided anew under another', async () => {
    const held = await aHeldReservation(system, concert, take());
    const key = { 'idempotency-key': randomUUID() };
    const first = expectProblem(await pay(held, key), 'NOT_ENOUGH_BALANCE');
    await topUp(held.fan, PRICE);
    const again = await pay(held, key);
    expectProblem(again, 'NOT_ENOUGH_BALANCE', { paymentId: first.paymentId, balance: 0 });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expectStatus(await pay(held, { 'idempotency-key': randomUUID() }), 201);
  });

  it('whose seats are lost between debit and confirmation is refunded', async () => {
    const held = await aHeldReservation(system, concert, take(2));
    const { fan, seatIds } = held;
    await topUp(fan, 2 * PRICE);
    const lost = await rowsOf(
      system.adminDatabaseUrl,
      `update concert.claim set ended_at = now(), end_reason = 'LAPSED' where seat_id = $1 and ended_at is null
       returning id`,
      [seatIds[0]],
    );
    expect(lost).toHaveLength(1);
    const { paymentId } = expectProblem(await pay(held), 'EXPIRED_RESERVATION');
    expect(paymentId).toEqual(expect.any(String));
    // Told once the refund is booked.
    expect(await balanceOf(fan)).toBe(2 * PRICE);
    expect(await entriesOf(fan)).toEqual([
      { kind: 'REFUND', amount: 2 * PRICE, paymentId },
      { kind: 'DEBIT', amount: 2 * PRICE, paymentId },
      { kind: 'TOP_UP', amount: 2 * PRICE, paymentId: null },
    ]);
    const payment = expectStatus(await fan.api.get(`/v1/payments/${String(paymentId)}`), 200);
    expect(payment).toMatchObject({
      status: 'COMPENSATED',
      paidAt: null,
      failure: { code: 'EXPIRED_RESERVATION', detail: expect.any(String) },
    });
    expect(await show(held)).toMatchObject({ status: 'EXPIRED', paidAt: null, paymentId });
    expectStatus(await dates(fan), 200);
    await eventually(async () => {
      const free = await freeSeats(fan, concert);
      return seatIds.every((seatId) => free.includes(seatId));
    });
    expectProblem(await pay(held), 'EXPIRED_RESERVATION');
    expect(await balanceOf(fan)).toBe(2 * PRICE);
  });

  describe('undone by a cancellation', () => {
    it('is refunded, and its seats are free at once', async () => {
      const paid = await aPaidReservation(system, concert, take(2));
      const rival = await anActiveFan(system, concert);
      const answer = await cancel(paid);
      const cancelled = expectStatus(answer, 200);
      expect(cancelled).toMatchObject({
        reservationId: paid.reservationId,
        status: 'CANCELLED',
        paymentId: paid.paymentId,
        refundedAmount: 2 * PRICE,
        cancelledAt: expect.any(String),
        paidAt: expect.any(String),
      });
      expectStatus(
        await rival.api.post('/v1/reservations', { scheduleId: concert.scheduleId, seatIds: paid.seatIds }),
        201,
      );
      expect(await balanceOf(paid.fan)).toBe(2 * PRICE);
      expect((await entriesOf(paid.fan))[0]).toEqual({
        kind: 'REFUND',
        amount: 2 * PRICE,
        paymentId: paid.paymentId,
      });
    });

    it('stays so when it is cancelled again', async () => {
      const paid = await aPaidReservation(system, concert, take());
      const first = expectStatus(await cancel(paid), 200);
      expect(expectStatus(await cancel(paid), 200)).toEqual(first);
      expect(await balanceOf(paid.fan)).toBe(PRICE);
      expect(await entriesOf(paid.fan)).toHaveLength(3);
      expectProblem(await pay({ ...paid, fan: await activeAgain(paid.fan) }), 'RESERVATION_NOT_PAYABLE');
    });

    it('is undone once by many cancellations at the same time', async () => {
      const paid = await aPaidReservation(system, concert, take());
      const answers = await Promise.all(Array.from({ length: 10 }, () => cancel(paid)));
      for (const answer of answers) expect(expectStatus(answer, 200).status).toBe('CANCELLED');
      expect(await balanceOf(paid.fan)).toBe(PRICE);
    });

    it("is its owner's to undo", async () => {
      const paid = await aPaidReservation(system, concert, take());
      const stranger = await anActiveFan(system, concert);
      expectProblem(await cancel({ ...paid, fan: stranger }), 'RESERVATION_NOT_FOUND');
      expect((await show(paid)).status).toBe('CONFIRMED');
    });
  });
});
