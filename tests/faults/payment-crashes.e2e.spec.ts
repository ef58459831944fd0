import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '#contracts';
import { partitionOf } from '#messaging';
import {
  type AConcert,
  aConcertWith,
  aFan,
  aHeldReservation,
  allSeats,
  anActiveFan,
  type Answer,
  type AReservation,
  eventually,
  expectStatus,
  type ProcessName,
  promptSettings,
  rowsOf,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { holdLanes } from './held-lanes.js';
import { mistakesIn, settles } from './mistakes.js';

const DEADLINE_S = 15;
const victims = ['gateway', 'queue', 'concert', 'reservation', 'wallet'] as const satisfies readonly ProcessName[];

/** The saga's steps and undos: the state in which each one's reply is awaited. */
const steps = ['DEBITING', 'CONFIRMING', 'EXPIRING_TOKEN', 'REFUNDING', 'REVOKING'] as const;
type Step = (typeof steps)[number];

const walletLane = (userId: string) => partitionOf(userId, topics.walletCommands.partitions);
const concertLane = (scheduleId: string) => partitionOf(scheduleId, topics.concertCommands.partitions);
const queueLane = (concertId: string) => partitionOf(concertId, topics.queueCommands.partitions);

interface TimelineRow {
  readonly at: Date;
  readonly state: string;
  readonly event: string;
}

/** A payment that a client has asked for, under a key, with or without having been answered. */
class Attempt {
  private readonly key = { 'idempotency-key': randomUUID() };
  firstAnswer: Promise<Answer | undefined> = Promise.resolve(undefined);

  constructor(
    private readonly system: System,
    readonly step: Step,
    private readonly held: AReservation,
  ) {}

  get userId(): string {
    return this.held.fan.userId;
  }

  get reservationId(): string {
    return this.held.reservationId;
  }

  /** Sends it; the gateway may die before it answers. */
  send(): void {
    this.firstAnswer = this.post().catch(() => undefined);
  }

  async decision(): Promise<Answer> {
    return eventually(
      async () => {
        const answer = await this.post();
        return answer.status !== 202 && answer.status !== 503 && answer;
      },
      { within: 30_000, every: 200 },
    );
  }

  /** The entries of its timeline, oldest first. */
  timeline(): Promise<TimelineRow[]> {
    return rowsOf<TimelineRow>(
      this.system.adminDatabaseUrl,
      `select t.at, t.state, t.event from reservation.payment_timeline t join reservation.payment p using (payment_id)
       where p.reservation_id = $1 order by t.seq`,
      [this.held.reservationId],
    );
  }

  /** Waits until the saga awaits the step's reply: its command is committed. */
  reachesItsStep(): Promise<unknown> {
    return eventually(async () => (await this.timeline()).at(-1)?.state === this.step, {
      within: 3 * DEADLINE_S * 1_000,
    });
  }

  private post(): Promise<Answer> {
    return this.held.fan.api.post(`/v1/reservations/${this.held.reservationId}/payment`, undefined, this.key);
  }
}

describe('a payment', () => {
  let system: System;
  let concert: AConcert;
  const attempts = new Map<ProcessName, Attempt[]>();
  const held: { service: 'wallet' | 'concert' | 'queue'; lane: string }[] = [];

  beforeAll(async () => {
    system = await startSystem({ settings: { ...promptSettings, PAYMENT_DEADLINE_SECONDS: DEADLINE_S } });
    concert = await aConcertWith(system, { seats: 30, schedules: 8, price: 700 });
    const heldSchedule = concert.schedules[0]!.scheduleId;
    const freeSchedule = concert.schedules.find(
      ({ scheduleId }) => concertLane(scheduleId) !== concertLane(heldSchedule),
    )!.scheduleId;
    held.push(
      { service: 'wallet', lane: `wallet.commands/0` },
      { service: 'concert', lane: `concert.commands/${concertLane(heldSchedule)}` },
      { service: 'queue', lane: `queue.commands/${queueLane(concert.concertId)}` },
    );
    // Whose wallet, or whose schedule, lies in the lane that will be held: that is where their payment stands still.
    const whereToStand: Record<Step, { wallet: boolean; scheduleId: string }> = {
      DEBITING: { wallet: true, scheduleId: freeSchedule },
      CONFIRMING: { wallet: false, scheduleId: heldSchedule },
      EXPIRING_TOKEN: { wallet: false, scheduleId: freeSchedule },
      REFUNDING: { wallet: true, scheduleId: freeSchedule },
      REVOKING: { wallet: false, scheduleId: heldSchedule },
    };
    const seats = new Map<string, string[]>();
    for (const scheduleId of [heldSchedule, freeSchedule])
      seats.set(scheduleId, await allSeats(system, { scheduleId }));
    const cases = victims.flatMap((victim) => steps.map((step) => ({ victim, step })));
    await Promise.all(
      cases.map(async ({ victim, step }) => {
        const { wallet, scheduleId } = whereToStand[step];
        const seatIds = [seats.get(scheduleId)!.pop()!];
        const fan = await anActiveFan(system, concert, aUser(wallet));
        await topUp(fan, 1_000);
        const reservation = await aHeldReservation(system, { ...concert, scheduleId }, { fan, seatIds });
        attempts.set(victim, [...(attempts.get(victim) ?? []), new Attempt(system, step, reservation)]);
      }),
    );
  }, 120_000);
  afterAll(() => system.stop());

  const now = async () =>
    (await rowsOf<{ now: Date }>(system.adminDatabaseUrl, 'select clock_timestamp()::timestamptz(3) as now'))[0]!.now;

  it.each(victims)(
    'at any step ends with money and seats in order when the %s process dies before the reply',
    async (victim) => {
      const mine = attempts.get(victim)!;
      const at = (...wanted: Step[]) => mine.filter(({ step }) => wanted.includes(step));
      const lanes = await holdLanes(system, held);
      try {
        // The undos begin when the deadline has passed; the other payments start late enough to be before theirs.
        for (const wanted of [at('REFUNDING', 'REVOKING'), at('DEBITING', 'CONFIRMING', 'EXPIRING_TOKEN')]) {
          for (const attempt of wanted) attempt.send();
          await Promise.all(wanted.map((attempt) => attempt.reachesItsStep()));
        }
        await system.processes[victim][0]!.kill('SIGKILL');
        const killedAt = await now();
        for (const attempt of mine) expect((await attempt.timeline()).at(-1)!.state).toBe(attempt.step);
        await lanes.release();
        await system.processes[victim][0]!.restart();
        await Promise.all(mine.map((attempt) => endsInOrder(attempt, killedAt)));
      } finally {
        await lanes.release();
      }
      expect(await mistakesIn(system)).toEqual([]);
    },
  );

  it('leaves nothing open, unpublished or parked behind', () => settles(system));

  async function endsInOrder(attempt: Attempt, killedAt: Date): Promise<void> {
    const { status, body } = await attempt.decision();
    const timeline = await eventually(async () => {
      const entries = await attempt.timeline();
      return ['COMPLETED', 'COMPENSATED'].includes(entries.at(-1)!.state) && entries;
    });
    const before = timeline.filter(({ at }) => at <= killedAt);
    const after = timeline.filter(({ at }) => at > killedAt);
    expect(before.at(-1)!.state).toBe(attempt.step);
    expect(after.length).toBeGreaterThan(0);
    const end = after.at(-1)!.state;
    const paid = end === 'COMPLETED';
    if (attempt.step === 'EXPIRING_TOKEN') expect(end).toBe('COMPLETED');
    if (attempt.step === 'REFUNDING') expect(end).toBe('COMPENSATED');
    // A repeat that comes after the payment has spent the token is shown the payment.
    const told = paid
      ? { 201: { status: 'COMPLETED' }, 200: { status: 'COMPLETED' } }
      : { 410: { code: 'EXPIRED_RESERVATION' } };
    expect({ [status]: body }).toMatchObject({ [status]: told[status as keyof typeof told] ?? 'another status' });
    const { api } = await aFan(system, attempt.userId);
    // The breaker of the service that was away may take a moment to close.
    const read = (path: string) => eventually(async () => expectStatus(await api.get(path), 200));
    expect(await read('/v1/wallet')).toMatchObject({ balance: paid ? 300 : 1_000 });
    const shown = await read(`/v1/reservations/${attempt.reservationId}`);
    expect(shown).toMatchObject({ status: paid ? 'CONFIRMED' : 'EXPIRED' });
    expect(await read(`/v1/payments/${shown.paymentId}`)).toMatchObject({ status: end });
  }
});

/** A new user whose wallet is in the lane that the test holds, or is not. */
function aUser(inHeldLane: boolean): string {
  for (;;) {
    const userId = `fan-${randomUUID()}`;
    if ((walletLane(userId) === 0) === inHeldLane) return userId;
  }
}
