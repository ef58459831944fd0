import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aConcertWith,
  aHeldReservation,
  aPaidReservation,
  allSeats,
  anActiveFanWith,
  eventually,
  expectStatus,
  promptSettings,
  rowsOf,
  startSystem,
  type System,
} from '#testing';
import { randomUUID } from 'node:crypto';
import { holdLanes } from '../faults/held-lanes.js';
import { answered, expectRefusal, opsOf } from './command-line.js';

const PRICE = 700;

describe("the operator's payments", () => {
  let system: System;
  let ops: ReturnType<typeof opsOf>;
  let lanes: { release(): Promise<void> };
  let paid: string;
  let stuck: string[];

  beforeAll(async () => {
    system = await startSystem({ settings: { ...promptSettings, PAYMENT_DEADLINE_SECONDS: 15 } });
    ops = opsOf(system);
    const concert = await aConcertWith(system, { seats: 3, price: PRICE });
    paid = (await aPaidReservation(system, concert)).paymentId;
    const seats = await allSeats(system, concert);
    const held = await Promise.all(
      [1, 2].map(async (index) => {
        const fan = await anActiveFanWith(system, concert, PRICE);
        return aHeldReservation(system, concert, { fan, seatIds: [seats[index]!] });
      }),
    );
    // Those that had a message yet: the fans' among them.
    const names = await rowsOf(system.adminDatabaseUrl, `select name from wallet.lane where name like '%commands/%'`);
    lanes = await holdLanes(
      system,
      names.map(({ name }) => ({ service: 'wallet', lane: name })),
    );
    for (const { fan, reservationId } of held) {
      expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/payment`), 202);
    }
    stuck = await eventually(
      async () => {
        const rows = await rowsOf(
          system.adminDatabaseUrl,
          'select payment_id from reservation.payment where stuck_reason is not null order by payment_id',
        );
        return rows.length === 2 && rows.map(({ payment_id }) => payment_id);
      },
      { within: 60_000, every: 500 },
    );
  }, 150_000);
  afterAll(async () => {
    await lanes?.release();
    await system.stop();
  });

  const stateOf = async (id: string) => answered(await ops(['payments', 'show', id, '--json'])).status;

  it('are listed by status, a page or all of them', async () => {
    const { items } = answered(await ops(['payments', '--status', 'STUCK', '--json']));
    expect(items.map(({ paymentId }: { paymentId: string }) => paymentId).sort()).toEqual(stuck);
    const first = await ops(['payments', 'list', '--limit', '1']);
    expect(first).toMatchObject({ code: 0, stderr: 'there are more: --limit or --all\n' });
    expect(first.stdout.trimEnd().split('\n')).toHaveLength(2);
    const all = await ops(['payments', '--all']);
    expect(all).toMatchObject({ code: 0, stderr: '' });
    for (const id of [paid, ...stuck]) expect(all.stdout).toContain(id);
    expect((await ops(['payments', '--status', 'REJECTED'])).stdout).toBe('no payments\n');
  });

  it('are shown one by one, with their timelines', async () => {
    const { stdout } = await ops(['payments', 'show', stuck[0]!]);
    expect(stdout).toMatch(/^stuckReason +\S/m);
    expect(stdout).toMatch(/ PAYMENT_STARTED +DEBITING$/m);
    expectRefusal(await ops(['payments', 'show', randomUUID()]), 1, /^PAYMENT_NOT_FOUND: /);
  });

  it('are not changed without --yes, a reason, a token that is one, or the role', async () => {
    const [id] = stuck as [string];
    const act = ['payments', 'compensate', id, '--reason', 'the wallet is dead'];
    expectRefusal(await ops(act), 2, new RegExp(`^this would compensate payment ${id} .*say --yes to do it$`, 'm'));
    expectRefusal(await ops(['payments', 'compensate', id, '--yes']), 2, /^--reason is missing/);
    expectRefusal(await ops([...act, '--yes'], { OPS_TOKEN: 'nonsense' }), 2, /^UNAUTHENTICATED: /);
    const { headers } = await system.api.signIn('a-fan');
    expectRefusal(await ops([...act, '--yes'], { OPS_TOKEN: headers.authorization!.slice(7) }), 2, /^FORBIDDEN: /);
    expect(await stateOf(id)).toBe('STUCK');
  });

  it('are decided when they wait for it, and only then', async () => {
    const [first, second] = stuck as [string, string];
    const retried = await ops(['payments', 'retry', first, '--reason', 'the wallet is back', '--yes', '--json']);
    expect(answered(retried)).toMatchObject({ paymentId: first, status: 'PROCESSING' });
    answered(await ops(['payments', 'compensate', second, '--reason', 'given up', '--yes', '--json']));
    expectRefusal(await ops(['payments', 'retry', first, '--reason', 'again', '--yes']), 1, /^PAYMENT_NOT_STUCK: /);
    expectRefusal(await ops(['payments', 'retry', paid, '--reason', 'again', '--yes']), 1, /^PAYMENT_NOT_STUCK: /);
    await lanes.release();
    for (const id of stuck) await eventually(async () => (await stateOf(id)) === 'COMPENSATED', { every: 500 });
  });

  it('have their trail, what operators did included', async () => {
    const { steps } = answered(await ops(['trail', stuck[0]!, '--json']));
    const act = steps.find(({ type }: { type: string }) => type === 'reservation.RetryPayment.v1');
    expect(act).toMatchObject({
      from: 'gateway',
      to: 'reservation',
      what: expect.stringContaining('the wallet is back'),
    });
    expect(steps.map(({ type }: { type: string }) => type)).toContain('RETRIED_BY_OPERATOR');
  });
});
