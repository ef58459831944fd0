import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '#contracts';
import { partitionOf } from '#messaging';
import {
  type AConcert,
  aConcertWith,
  aHeldReservation,
  allSeats,
  anActiveFan,
  type ApiClient,
  type AReservation,
  eventually,
  expectProblem,
  expectStatus,
  promptSettings,
  rowsOf,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { recordsOf } from '../records.js';
import { holdLanes } from './held-lanes.js';
import { mistakesIn, settles } from './mistakes.js';

/** Far longer than a step's first repeat takes: it is due after 5 s, and found by a timer that looks each 5 s. */
const DEADLINE_S = 20;
const [PRICE, MONEY] = [700, 1_000];
const walletLane = (userId: string) => partitionOf(userId, topics.walletCommands.partitions);
const concertLane = (scheduleId: string) => partitionOf(scheduleId, topics.concertCommands.partitions);

/** Which lane stands still under a payment, and what its operator does. */
const plans = {
  'unpaid and compensated': { stands: 'wallet', act: 'compensate' },
  'unpaid and retried': { stands: 'wallet', act: 'retry' },
  'unpaid and left alone': { stands: 'wallet', act: null },
  'in doubt and retried': { stands: 'concert', act: 'retry' },
  'in doubt and compensated': { stands: 'concert', act: 'compensate' },
} as const;
type Plan = keyof typeof plans;
const all = Object.keys(plans) as Plan[];
const thatStand = (where: 'wallet' | 'concert') => all.filter((plan) => plans[plan].stands === where);

interface Shown {
  readonly paymentId: string;
  readonly userId: string;
  readonly status: string;
  readonly state: string;
}

describe('payments that get no answer until their deadline and grace are over', () => {
  let system: System;
  let operator: ApiClient;
  let lanes: { release(): Promise<void> };
  const held = {} as Record<Plan, AReservation>;
  const paymentIds = {} as Record<Plan, string>;

  beforeAll(async () => {
    system = await startSystem({ settings: { ...promptSettings, PAYMENT_DEADLINE_SECONDS: DEADLINE_S } });
    operator = await system.api.signIn('olga', ['operator']);
    const concert = await aConcertWith(system, { seats: 5, schedules: 8, price: PRICE });
    const still = concert.scheduleId;
    const free = concert.schedules.find(({ scheduleId }) => concertLane(scheduleId) !== concertLane(still))!.scheduleId;
    await Promise.all([hold(concert, free, thatStand('wallet')), hold(concert, still, thatStand('concert'))]);
    lanes = await holdLanes(system, [
      { service: 'wallet', lane: 'wallet.commands/0' },
      { service: 'concert', lane: `concert.commands/${concertLane(still)}` },
    ]);
    await Promise.all(
      Object.values(held).map(async ({ fan, reservationId }) =>
        expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/payment`), 202),
      ),
    );
    const stuck = await eventually(
      async () => {
        const { items } = await listed('STUCK');
        return items.length === all.length && items;
      },
      { within: 60_000, every: 500 },
    );
    for (const plan of all) paymentIds[plan] = stuck.find(({ userId }) => userId === held[plan].fan.userId)!.paymentId;
  }, 150_000);
  afterAll(async () => {
    await lanes?.release();
    await system.stop();
  });

  async function hold(concert: AConcert, scheduleId: string, wanted: readonly Plan[]): Promise<void> {
    const seats = await allSeats(system, { scheduleId });
    await Promise.all(
      wanted.map(async (plan, index) => {
        const fan = await anActiveFan(system, concert, aUser(plans[plan].stands === 'wallet'));
        await topUp(fan, MONEY);
        held[plan] = await aHeldReservation(system, { ...concert, scheduleId }, { fan, seatIds: [seats[index]!] });
      }),
    );
  }
  const listed = async (status: string) =>
    expectStatus<{ items: Shown[] }>(await operator.get(`/v1/admin/payments?status=${status}`), 200);
  const shown = async (plan: Plan) =>
    expectStatus<Shown>(await operator.get(`/v1/admin/payments/${paymentIds[plan]}`), 200);
  const act = (plan: Plan, what: string, key = randomUUID()) =>
    operator.post(
      `/v1/admin/payments/${paymentIds[plan]}/${what}`,
      { reason: `It is ${plan}.` },
      { 'idempotency-key': key },
    );
  const balanceOf = async (plan: Plan) => expectStatus(await held[plan].fan.api.get('/v1/wallet'), 200).balance;
  /** The ids under which the request went out, of each sending one. */
  async function sent(type: string, plan: Plan): Promise<string[]> {
    const isWallets = type.startsWith('wallet.');
    const subject = isWallets ? paymentIds[plan] : held[plan].reservationId;
    const records = await recordsOf(system, isWallets ? 'wallet.commands' : 'concert.commands');
    return records.filter((one) => one.type === type && one.subject === subject).map(({ id }) => id);
  }

  it('are STUCK for operators, PROCESSING for their owners, and the alarm counts them', async () => {
    for (const plan of all) {
      const state = plans[plan].stands === 'wallet' ? 'REFUNDING' : 'REVOKING';
      expect(await shown(plan)).toMatchObject({
        status: 'STUCK',
        state,
        stuckReason: expect.stringContaining('within the deadline and its grace'),
        cancellation: null,
      });
      const { api } = held[plan].fan;
      expect(expectStatus(await api.get(`/v1/payments/${paymentIds[plan]}`), 200).status).toBe('PROCESSING');
    }
    expect((await listed('PROCESSING')).items).toEqual([]);
    const text = await (await fetch(`${system.processes.reservation[0]!.url}/metrics`)).text();
    expect(text).toMatch(new RegExp(`^payment_sagas_stuck ${all.length}$`, 'm'));
    expect(text).toMatch(new RegExp(`^payment_saga_stuck_total ${all.length}$`, 'm'));
  });

  it('had asked again before they turned back, each step with one id', async () => {
    for (const [plan, step, undo] of [
      ['unpaid and compensated', 'wallet.Debit.v1', 'wallet.Refund.v1'],
      ['in doubt and compensated', 'concert.ConfirmSeats.v1', 'concert.RevokeConfirm.v1'],
    ] as const) {
      const ids = await sent(step, plan);
      expect({ step, repeated: ids.length > 1, ids: new Set(ids).size }).toEqual({ step, repeated: true, ids: 1 });
      expect(new Set(await sent(undo, plan)).size).toBe(1);
    }
  });

  it('are acted on by operators alone, once', async () => {
    const stranger = await system.api.signIn('otto', ['organizer']);
    const path = `/v1/admin/payments/${paymentIds['unpaid and retried']}`;
    expectProblem(await stranger.get('/v1/admin/payments'), 'FORBIDDEN');
    expectProblem(await stranger.post(`${path}/retry`, { reason: 'Mine.' }), 'FORBIDDEN');
    expectProblem(await operator.post(`${path}/retry`, {}), 'INVALID_REQUEST');
    expectProblem(
      await operator.post(`/v1/admin/payments/${randomUUID()}/retry`, { reason: 'Which?' }),
      'PAYMENT_NOT_FOUND',
    );
    for (const plan of all) {
      const { act: what, stands } = plans[plan];
      if (!what) continue;
      const key = randomUUID();
      const done = await act(plan, what, key);
      const state = stands === 'wallet' ? 'REFUNDING' : 'REVOKING';
      expect(expectStatus(done, 202)).toMatchObject({ status: 'PROCESSING', state, stuckReason: null, attempts: 1 });
      const repeat = await act(plan, what, key);
      expect(expectStatus(repeat, 202)).toEqual(done.body);
      expect(repeat.headers.get('idempotent-replayed')).toBe('true');
      expectProblem(await act(plan, what), 'PAYMENT_NOT_STUCK', { paymentStatus: 'PROCESSING' });
    }
  });

  it('ask again under another id, and never for the money back while the confirmation is in doubt', async () => {
    for (const plan of thatStand('concert')) {
      await eventually(async () => new Set(await sent('concert.RevokeConfirm.v1', plan)).size === 2);
      expect(await sent('wallet.Refund.v1', plan)).toEqual([]);
    }
    for (const plan of ['unpaid and compensated', 'unpaid and retried'] as const)
      await eventually(async () => new Set(await sent('wallet.Refund.v1', plan)).size === 2);
  });

  it('end, each with money and seats in order, once they are answered', async () => {
    // What was asked before all else is answered first: the seats of the one are sold to it, those of the other are lost.
    await rowsOf(
      system.adminDatabaseUrl,
      `update concert.claim set ended_at = now(), end_reason = 'LAPSED' where seat_id = $1 and ended_at is null`,
      [held['in doubt and compensated'].seatIds[0]],
    );
    await lanes.release();
    const ends: Record<Plan, readonly [status: string, balance: number, events: readonly string[]]> = {
      'unpaid and compensated': ['COMPENSATED', MONEY, ['COMPENSATED_BY_OPERATOR', 'REFUNDED']],
      'unpaid and retried': ['COMPENSATED', MONEY, ['RETRIED_BY_OPERATOR', 'REFUNDED']],
      'unpaid and left alone': ['COMPENSATED', MONEY, ['WAITS_FOR_OPERATOR', 'REFUNDED']],
      'in doubt and retried': [
        'COMPLETED',
        MONEY - PRICE,
        ['RETRIED_BY_OPERATOR', 'CONFIRMATION_STANDS', 'TOKEN_EXPIRED'],
      ],
      'in doubt and compensated': [
        'COMPENSATED',
        MONEY,
        ['COMPENSATED_BY_OPERATOR', 'CONFIRMATION_REVOKED', 'REFUNDED'],
      ],
    };
    for (const plan of all) {
      const [status, balance, events] = ends[plan];
      const payment = await eventually(
        async () => {
          const { body } = await held[plan].fan.api.get(`/v1/payments/${paymentIds[plan]}`);
          return body.timeline.at(-1).event === events.at(-1) && body;
        },
        { within: 30_000 },
      );
      const told = payment.timeline.map(({ event }: { event: string }) => event).slice(-events.length);
      expect({ plan, status: payment.status, told }).toEqual({ plan, status, told: events });
      expect({ plan, balance: await balanceOf(plan) }).toEqual({ plan, balance });
    }
    await settles(system);
    expect(await mistakesIn(system)).toEqual([]);
    expect((await listed('STUCK')).items).toEqual([]);
  });

  it('have every act of an operator in the log, with what came of it', async () => {
    const log = await rowsOf(
      system.adminDatabaseUrl,
      'select operator, action, subject, reason, outcome from reservation.operator_log order by id',
    );
    expect(log).toEqual(
      all.flatMap((plan) => {
        const { act: what } = plans[plan];
        if (!what) return [];
        const action = what === 'retry' ? 'reservation.RetryPayment.v1' : 'reservation.CompensatePayment.v1';
        const row = { operator: 'olga', action, subject: paymentIds[plan], reason: `It is ${plan}.` };
        return [
          { ...row, outcome: 'answered' },
          { ...row, outcome: 'PAYMENT_NOT_STUCK' },
        ];
      }),
    );
  });
});

/** A new user whose wallet is in the lane that is held, or is not. */
function aUser(inHeldLane: boolean): string {
  for (;;) {
    const userId = `fan-${randomUUID()}`;
    if ((walletLane(userId) === 0) === inHeldLane) return userId;
  }
}
