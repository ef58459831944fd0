import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aConcertWith,
  aHeldReservation,
  aPaidReservation,
  eventually,
  expectStatus,
  freeSeats,
  rowsOf,
  startSystem,
  type System,
} from '#testing';
import { recordsOf } from '../records.js';

const HOLD_MS = 2_000;
const SWEEP_MS = 1_500;
const EXPIRE = 'reservation.ExpireReservation.v1';

describe('the release sweep', () => {
  let system: System;

  beforeAll(async () => {
    const settings = { HOLD_SECONDS: HOLD_MS / 1000, RESERVATION_SWEEP_MS: SWEEP_MS };
    system = await startSystem({ replicas: { reservation: 2 }, settings });
  });
  afterAll(() => system.stop());

  it('expires unpaid reservations past their end and frees their seats, once for each due time', async () => {
    const concert = await aConcertWith(system, { seats: 8 });
    const paid = await aPaidReservation(system, concert);
    const held = await Promise.all([1, 2, 3, 4].map(() => aHeldReservation(system, concert, {}).catch(() => null)));
    const unpaid = held.filter((one) => one !== null);
    expect(unpaid.length).toBeGreaterThan(0);
    const ids = unpaid.map(({ reservationId }) => reservationId);
    const stored = () =>
      rowsOf(
        system.adminDatabaseUrl,
        `select reservation_id, status,
           (select count(*)::int from concert.claim c where c.reservation_id = r.reservation_id and ended_at is null) as live,
           (select max(ended_at) from concert.claim c where c.reservation_id = r.reservation_id) as ended_at
         from reservation.reservation r where reservation_id = any($1)`,
        [ids],
      );
    const swept = await eventually(async () => {
      const rows = await stored();
      return rows.every(({ status, live }) => status === 'EXPIRED' && live === 0) && rows;
    });
    for (const { reservation_id, ended_at } of swept) {
      const { expiresAt, fan } = unpaid.find(({ reservationId }) => reservationId === reservation_id)!;
      const end = Date.parse(expiresAt);
      expect(ended_at.getTime()).toBeGreaterThanOrEqual(end);
      expect(ended_at.getTime()).toBeLessThan(end + SWEEP_MS + 2_500);
      const shown = expectStatus(await fan.api.get(`/v1/reservations/${String(reservation_id)}`), 200);
      expect(shown).toMatchObject({ status: 'EXPIRED', paidAt: null, refundedAmount: 0 });
    }
    const free = await freeSeats(unpaid[0]!.fan, concert);
    expect(free).toHaveLength(7);
    const kept = expectStatus(await paid.fan.api.get(`/v1/reservations/${paid.reservationId}`), 200);
    expect(kept.status).toBe('CONFIRMED');

    // Two more due times pass; a sweep that ran in both replicas would have asked twice for each reservation.
    const dueAfter = async () => {
      const [timer] = await rowsOf(
        system.adminDatabaseUrl,
        "select due_at from reservation.timer where name = 'release-sweep'",
      );
      return timer!.due_at.getTime();
    };
    const due = await dueAfter();
    await eventually(async () => (await dueAfter()) >= due + 2 * SWEEP_MS);
    const asked = (await recordsOf(system, 'reservation.commands')).filter(({ type }) => type === EXPIRE);
    expect(asked.map(({ key }) => key).sort()).toEqual([...ids].sort());
  });
});
