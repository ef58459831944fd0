import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aConcertWith,
  aHeldReservation,
  anActiveFan,
  aPaidReservation,
  type AReservation,
  eventually,
  expectStatus,
  freeSeats,
  rowsOf,
  startSystem,
  type System,
} from '#testing';
import { recordsOf } from '../records.js';

const HOLD_MS = 10_000;
const SWEEP_MS = 100;
const EXPIRE = 'reservation.ExpireReservation.v1';

describe('the release sweep', () => {
  let system: System;

  beforeAll(async () => {
    const settings = { HOLD_SECONDS: HOLD_MS / 1000, RESERVATION_SWEEP_MS: SWEEP_MS };
    system = await startSystem({ replicas: { reservation: 2 }, settings });
  });
  afterAll(() => system.stop());

  it('expires unpaid reservations past their end and frees their seats', async () => {
    const concert = await aConcertWith(system, { seats: 24 });
    const paid = await aPaidReservation(system, concert);
    const seats = await freeSeats(await anActiveFan(system, concert), concert);
    const fans = await Promise.all([1, 2, 3, 4].map(() => anActiveFan(system, concert)));
    // One after another, so that their ends are spread over many due times.
    const unpaid: AReservation[] = [];
    const begun = performance.now();
    for (const [index, seatId] of seats.slice(0, 16).entries()) {
      await eventually(() => performance.now() > begun + (index * SWEEP_MS) / 2);
      unpaid.push(await aHeldReservation(system, concert, { fan: fans[index % 4]!, seatIds: [seatId] }));
    }
    const ids = unpaid.map(({ reservationId }) => reservationId);
    const swept = await eventually(async () => {
      const rows = await rowsOf(
        system.adminDatabaseUrl,
        `select reservation_id, reservation.status, ended_at, end_reason
         from reservation.reservation join concert.claim using (reservation_id) where reservation_id = any($1)`,
        [ids],
      );
      return rows.every(({ status, ended_at }) => status === 'EXPIRED' && ended_at !== null) && rows;
    });
    expect(swept).toHaveLength(16);
    for (const { reservation_id, ended_at, end_reason } of swept) {
      const { expiresAt } = unpaid.find(({ reservationId }) => reservationId === reservation_id)!;
      expect(end_reason).toBe('EXPIRED');
      expect(ended_at.getTime()).toBeGreaterThanOrEqual(Date.parse(expiresAt));
      expect(ended_at.getTime()).toBeLessThan(Date.parse(expiresAt) + SWEEP_MS + 30_000);
    }
    const { fan, reservationId } = unpaid[0]!;
    const shown = expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200);
    expect(shown).toMatchObject({ status: 'EXPIRED', paidAt: null, refundedAmount: 0 });
    await eventually(async () => (await freeSeats(fan, concert)).length === 23);
    const kept = expectStatus(await paid.fan.api.get(`/v1/reservations/${paid.reservationId}`), 200);
    expect(kept.status).toBe('CONFIRMED');
  });

  it('runs once for each due time, though two processes look for it', async () => {
    const asked = (await recordsOf(system, 'reservation.commands')).filter(({ type }) => type === EXPIRE);
    // All that one run sends bears its time; the next is due a whole interval later.
    const runs = [...new Set(asked.map(({ time }) => Date.parse(time)))].sort((one, other) => one - other);
    expect(runs.length).toBeGreaterThan(1);
    for (const [index, run] of runs.slice(1).entries()) expect(run - runs[index]!).toBeGreaterThanOrEqual(SWEEP_MS);
  });
});
