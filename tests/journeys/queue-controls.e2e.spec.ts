import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  aFan,
  aHeldReservation,
  anActiveFan,
  type ApiClient,
  type AQueueingFan,
  eventually,
  expectProblem,
  expectStatus,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { answered, expectRefusal, opsOf } from '../ops/command-line.js';
import { ControlledQueue } from './controlled-queue.js';

const BATCH = 2;
const TTL_S = 15;
const TICK_MS = 500;

describe('an operator', () => {
  let system: System;
  /** One client at each gateway. */
  let operators: ApiClient[];
  let olga: ApiClient;
  let ops: ReturnType<typeof opsOf>;

  beforeAll(async () => {
    system = await startSystem({
      replicas: { gateway: 2, queue: 2 },
      settings: { QUEUE_ACTIVATION_BATCH: BATCH, QUEUE_TOKEN_TTL_SECONDS: TTL_S, QUEUE_TICK_MS: TICK_MS },
    });
    olga = await system.api.signIn('olga', ['operator']);
    operators = system.gateways.map((baseUrl) => olga.with({ baseUrl }));
    ops = opsOf(system);
  });
  afterAll(() => system.stop());

  it('sees a waiting room and changes it, once for a key, and everybody in the line is shown what is meant for them', async () => {
    const queue = await ControlledQueue.open(system, olga);
    const defaults = { activationBatch: BATCH, tickSeconds: TICK_MS / 1000, maxActive: null, message: null };
    const before = await queue.shown();
    expect(before).toMatchObject({ ...defaults, concertId: queue.concert.concertId, mode: 'OPEN', generation: 1 });

    const change = { mode: 'PAUSED', message: 'We are back at nine', maxActive: 9, reason: 'A break' };
    const [first, second] = operators as [ApiClient, ApiClient];
    const key = { 'idempotency-key': randomUUID() };
    const changed = await second.patch(queue.path, change, key);
    const { reason, ...controls } = change;
    expect(expectStatus(changed, 200)).toMatchObject({ ...defaults, ...controls });
    expect(await queue.shown(first)).toMatchObject(controls);
    await queue.set({ mode: 'OPEN', activationBatch: 7 });
    const repeated = await first.patch(queue.path, change, key);
    expect([repeated.body, repeated.headers.get('idempotent-replayed')]).toEqual([changed.body, 'true']);
    await queue.set({ mode: 'PAUSED' });

    const [fan] = (await queue.join(1)) as [AQueueingFan];
    await eventually(async () => {
      for (const { body } of await queue.everywhere(fan, queue.place)) {
        expect(body).toMatchObject({ status: 'WAITING', mode: 'PAUSED', message: change.message, position: 1 });
        expect(body.estimatedWaitSeconds).toBeNull();
      }
      return true;
    });
    await eventually(async () => {
      const shown = await system.api.get(`/v1/concerts/${queue.concert.concertId}/queue`);
      expect(expectStatus(shown, 200)).toMatchObject({ mode: 'PAUSED', activationBatch: 7, waitingCount: 1 });
      return true;
    });

    const { items } = expectStatus(await olga.get('/v1/admin/audit-log?limit=3'), 200);
    const act = { operator: 'olga', action: 'queue.ChangeControls.v1', subject: queue.concert.concertId };
    expect(items).toMatchObject([
      { ...act, outcome: '{"mode":"PAUSED"}' },
      { ...act, outcome: '{"mode":"OPEN","activationBatch":7}' },
      { ...act, reason, outcome: JSON.stringify({ mode: 'PAUSED', maxActive: 9, message: change.message }) },
    ]);
  });

  it('is told what is wrong with a change, and nothing is changed', async () => {
    const queue = await ControlledQueue.open(system, olga);
    const before = await queue.shown();
    const outOfRange = [{ mode: 'SHUT' }, { tickSeconds: 0.5 }, { maxActive: 0 }, { message: '' }];
    for (const body of [{}, ...outOfRange, { mode: 'PAUSED', generation: 2 }]) {
      expectProblem(await olga.patch(queue.path, { ...body, reason: 'r' }), 'INVALID_REQUEST');
    }
    expectProblem(await olga.patch(queue.path, { mode: 'PAUSED' }), 'INVALID_REQUEST');
    expectProblem(await olga.post(`${queue.path}/reset`, {}), 'INVALID_REQUEST');
    const nowhere = `/v1/admin/concerts/${randomUUID()}/queue`;
    const everyWay = (by: ApiClient, path: string) =>
      Promise.all([
        by.get(path),
        by.get(`${path}/ticks`),
        by.get(`${path}/funnel`),
        by.patch(path, { mode: 'PAUSED', reason: 'r' }),
        by.post(`${path}/reset`, { reason: 'r' }),
      ]);
    for (const answer of await everyWay(olga, nowhere)) expectProblem(answer, 'CONCERT_NOT_FOUND');
    for (const caller of [(await aFan(system)).api, await system.api.signIn('otto', ['organizer'])]) {
      for (const answer of await everyWay(caller, queue.path)) expectProblem(answer, 'FORBIDDEN');
    }
    const after = await queue.shown();
    // The seats of its schedule may have been counted meanwhile.
    expect({ ...after, updatedAt: before.updatedAt, seatsLeft: before.seatsLeft }).toEqual(before);
  });

  it('pauses a line: it is joined, stands still and keeps who asks, until it goes on where it was', async () => {
    const queue = await ControlledQueue.open(system, olga);
    await queue.set({ mode: 'PAUSED' });
    const fans = await queue.join(3);
    const leaseOf = async () => (await queue.places())[1]!.lease_until;
    const before = await leaseOf();
    await eventually(
      async () => {
        for (const { body } of await queue.everywhere(fans[1]!, queue.place)) {
          expect(body).toMatchObject({ status: 'WAITING', queueNumber: 2 });
        }
        for (const other of [fans[0]!, fans[2]!]) expectStatus(await other.api.post(queue.place), 200);
        return (await leaseOf()) > before;
      },
      { every: 250, within: 60_000 },
    );
    const stood = await eventually(async () => {
      const [newest] = await queue.ticks();
      return newest?.repeated >= 3 && newest;
    });
    expect(stood).toMatchObject({ limitedBy: 'PAUSED', admitted: 0, from: null, to: null });
    expect(await queue.statuses()).toEqual(['WAITING', 'WAITING', 'WAITING']);

    await queue.set({ mode: 'OPEN', activationBatch: 1 });
    await eventually(() => queue.passes(fans[1]!));
    const moved = (await queue.ticks()).filter(({ admitted }) => admitted > 0).reverse();
    expect(moved.map(({ from, to, admitted, activationBatch }) => [from, to, admitted, activationBatch])).toEqual(
      [1, 2, 3].slice(0, moved.length).map((number) => [number, number, 1, 1]),
    );
  });

  it('drains a line: nobody joins, and who waits comes in', async () => {
    const queue = await ControlledQueue.open(system, olga);
    await queue.set({ mode: 'PAUSED' });
    const [first] = (await queue.join(1)) as [AQueueingFan];
    await queue.set({ mode: 'DRAIN' });
    const late = await aFan(system);
    expectProblem(await late.api.post(queue.place), 'QUEUE_CLOSED', { reason: 'DRAIN', opensAt: null });
    await eventually(() => queue.passes(first));
  });

  it('closes a line: who waits is refused and renewed nothing, passes stay good, and anybody may leave', async () => {
    const queue = await ControlledQueue.open(system, olga);
    const active = await anActiveFan(system, queue.concert);
    await queue.set({ mode: 'PAUSED' });
    const [waiting, leaving] = (await queue.join(2)) as [AQueueingFan, AQueueingFan];
    await queue.set({ mode: 'CLOSED' }, operators[1]);
    const leaseOf = async () => (await queue.places())[1]!.lease_until;
    const lease = await leaseOf();
    const closed = { reason: 'CLOSED', opensAt: null };
    await eventually(async () => {
      for (const path of [queue.place, queue.dates]) {
        for (const answer of await queue.everywhere(waiting, path)) {
          expectProblem(answer, 'QUEUE_CLOSED', closed);
          expect(answer.headers.get('queue-token')).toBeNull();
        }
      }
      return true;
    });
    expectProblem(await waiting.api.post(queue.place), 'QUEUE_CLOSED', closed);
    expectProblem(await (await aFan(system)).api.post(queue.place), 'QUEUE_CLOSED', closed);
    for (const { status } of await queue.everywhere(active, queue.dates)) expect(status).toBe(200);
    expectStatus(await leaving.api.delete(queue.place), 204);
    expect(await leaseOf()).toEqual(lease);
    expect(await queue.statuses()).toEqual(['ACTIVE', 'WAITING', 'LEFT']);
    const closedTick = await eventually(async () => {
      const [newest] = await queue.ticks();
      return newest.limitedBy === 'CLOSED' && newest;
    });
    expect(closedTick).toMatchObject({ admitted: 0 });
  });

  it('caps the passes that run: a payment, a leave and an end each make room for the next, and for no more', async () => {
    const queue = await ControlledQueue.open(system, olga);
    await queue.set({ mode: 'PAUSED', maxActive: 2, activationBatch: 100 });
    const fans = await queue.join(5);
    const [payer, leaver] = fans as [AQueueingFan, AQueueingFan];
    await queue.set({ mode: 'OPEN' });
    const activeAre = (...expected: string[]) =>
      eventually(async () => {
        // Who waits for all the others to go must be seen meanwhile.
        await fans[4]!.api.post(queue.place);
        expect(await queue.statuses()).toEqual(expected);
        return true;
      });
    await activeAre('ACTIVE', 'ACTIVE', 'WAITING', 'WAITING', 'WAITING');
    await eventually(async () => (await payer.api.get(queue.dates)).status === 200);
    const { reservationId, amount } = await aHeldReservation(system, queue.concert, { fan: payer });
    await topUp(payer, amount);
    expectStatus(await payer.api.post(`/v1/reservations/${reservationId}/payment`), 201);
    await activeAre('SPENT', 'ACTIVE', 'ACTIVE', 'WAITING', 'WAITING');
    expectStatus(await leaver.api.delete(queue.place), 204);
    await activeAre('SPENT', 'LEFT', 'ACTIVE', 'ACTIVE', 'WAITING');
    // Whoever has a pass too long ago is over, though nobody marks it.
    await activeAre('SPENT', 'LEFT', 'ACTIVE', 'ACTIVE', 'ACTIVE');
    const passes = await queue.places();
    for (const { activated_at: at } of passes) {
      const running = passes.filter((pass) => pass.activated_at <= at && at < (pass.finished_at ?? pass.active_until));
      expect(running.length).toBeLessThanOrEqual(2);
    }
    const { items } = expectStatus(await olga.get(`${queue.path}/funnel`), 200);
    const [hour, ...before] = items;
    const became = { joined: 5, admitted: 5, paid: 1, left: 0, lapsed: 0, unpaid: 1, ended: 3 };
    if (before.length === 0) expect({ ...hour, ended: hour.active + hour.noShow }).toMatchObject(became);
    const events = ['joined', 'admitted', 'paid', 'left'];
    expect(await Promise.all(events.map((event) => queue.counted(event)))).toEqual([5, 5, 1, 1]);
    const explained = (await queue.ticks()).filter(({ limitedBy }) => limitedBy === 'CAP');
    expect(explained.length).toBeGreaterThanOrEqual(4);
    for (const { active, admitted, maxActive } of explained) expect([active + admitted, maxActive]).toEqual([2, 2]);
  });

  it('begins a line anew: every older token is void, numbers begin at 1, and no tick comes sooner', async () => {
    const queue = await ControlledQueue.open(system, olga);
    const active = await anActiveFan(system, queue.concert);
    await queue.set({ mode: 'PAUSED' });
    const [waiting] = (await queue.join(1)) as [AQueueingFan];
    const answer = await operators[1]!.post(`${queue.path}/reset`, { reason: 'The rehearsal is over' });
    const empty = { lastQueueNumber: 0, servingNumber: 0, waitingCount: 0, activeCount: 0 };
    expect(expectStatus(answer, 200)).toMatchObject({ ...empty, generation: 2, mode: 'PAUSED' });
    await eventually(async () => {
      for (const fan of [active, waiting]) {
        for (const refused of await queue.everywhere(fan, queue.dates)) {
          expectProblem(refused, 'INVALID_TOKEN', { reason: 'RESET' });
        }
      }
      return true;
    });
    const again = expectStatus(await waiting.api.post(queue.place), 201);
    expect(again).toMatchObject({ queueNumber: 1, position: 1, status: 'WAITING' });
    expect(expectStatus(await active.api.post(queue.place), 201).queueNumber).toBe(2);
    await queue.set({ mode: 'OPEN' });
    const passed = { ...waiting, api: waiting.api.with({ headers: { 'queue-token': again.token } }) };
    await eventually(() => queue.passes(passed));
    expect(await queue.statuses()).toEqual(['EXPIRED', 'EXPIRED', 'ACTIVE', 'ACTIVE']);
    const times = (await queue.ticks()).map(({ at }) => Date.parse(at)).reverse();
    for (const [index, at] of times.slice(1).entries()) expect(at - times[index]!).toBeGreaterThanOrEqual(TICK_MS);
  });

  it('changes the pace, and neither a longer nor a shorter interval, nor another batch, breaks the audit', async () => {
    const queue = await ControlledQueue.open(system, olga);
    const moved = (count: number) =>
      eventually(async () => {
        const ticks = (await queue.ticks()).filter(({ admitted }) => admitted > 0);
        return ticks.length >= count && ticks;
      });
    await queue.join(1);
    await moved(1);
    await queue.set({ tickSeconds: 1, activationBatch: 3, mode: 'PAUSED' });
    await queue.join(4);
    await queue.set({ mode: 'OPEN' });
    await moved(3);
    await queue.set({ tickSeconds: 3_600, activationBatch: 1 });
    await queue.join(2);
    await queue.set({ tickSeconds: 1 });
    const ticks = await moved(5);
    const shown = ticks.map((tick) => [tick.admitted, tick.activationBatch, tick.tickSeconds, tick.limitedBy]);
    expect(shown.reverse()).toEqual([
      [1, BATCH, TICK_MS / 1000, 'EMPTY'],
      [3, 3, 1, 'BATCH'],
      [1, 3, 1, 'EMPTY'],
      [1, 1, 1, 'BATCH'],
      [1, 1, 1, 'BATCH'],
    ]);
    const { checks } = answered(await ops(['audit', '--json']));
    for (const { id, rows: lookedAt, violations } of checks) {
      expect([id, violations]).toEqual([id, 0]);
      if (id === 'I1') expect(lookedAt).toBeGreaterThan(0);
    }
  });

  it('does all this from the command line too', async () => {
    const queue = await ControlledQueue.open(system, olga);
    const { concertId } = queue.concert;
    const reason = ['--reason', 'The provider is slow'];
    const pause = ['queue', 'set', concertId, '--mode', 'PAUSED', '--max-active', '5', '--message', 'Soon', ...reason];
    const asked = /^this would set {"mode":"PAUSED",.* in the queue of concert .*say --yes to do it$/m;
    expectRefusal(await ops(pause), 2, asked);
    expectRefusal(await ops(['queue', 'show', randomUUID()]), 1, /^CONCERT_NOT_FOUND: /);
    const controls = { mode: 'PAUSED', maxActive: 5, message: 'Soon', generation: 1 };
    expect(answered(await ops([...pause, '--yes', '--json']))).toMatchObject(controls);
    expect((await ops(['queue', 'show', concertId])).stdout).toMatch(/^mode +PAUSED$/m);
    const lift = ['queue', 'set', concertId, '--max-active', 'none', '--message', '', ...reason, '--yes', '--json'];
    expect(answered(await ops(lift))).toMatchObject({ ...controls, maxActive: null, message: null });
    const reset = await ops(['queue', 'reset', concertId, ...reason, '--yes', '--json']);
    expect(answered(reset)).toMatchObject({ generation: 2 });
    await eventually(async () => (await queue.ticks())[0]?.generation === 2);
    expect((await ops(['queue', 'funnel', concertId])).stdout).toBe('nobody has joined\n');
    const { stdout } = await ops(['queue', 'ticks', concertId, '--limit', '2']);
    expect(stdout).toMatch(/^at +tick +class +admitted +limited by +waiting /);
    expect(stdout.split('\n')[1]).toMatch(/ 2\/\d+ +general +0 +PAUSED +0 +0 +2 +- +0 +\d+$/);
  });
});
