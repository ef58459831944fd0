import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aFan,
  type ApiClient,
  type AQueueingFan,
  eventually,
  expectProblem,
  expectStatus,
  startSystem,
  type System,
} from '#testing';
import { answered, expectRefusal, opsOf } from '../ops/command-line.js';
import { ControlledQueue } from './controlled-queue.js';

const BATCH = 2;

describe('a waiting room', () => {
  let system: System;
  let olga: ApiClient;

  beforeAll(async () => {
    system = await startSystem({
      replicas: { gateway: 2, queue: 2 },
      settings: { QUEUE_ACTIVATION_BATCH: BATCH, QUEUE_TICK_MS: 500 },
    });
    olga = await system.api.signIn('olga', ['operator']);
  });
  afterAll(() => system.stop());

  it('gives a class its share of every batch: who has the code waits in its line, and everybody else in theirs', async () => {
    const queue = await ControlledQueue.open(system, olga);
    await queue.set({ mode: 'PAUSED' });
    const code = 'Fan Club';
    const classes = [
      { name: 'fan-club', share: 50, code },
      { name: 'staff', share: 0 },
    ];
    const { classes: set } = await queue.set({ classes, activationBatch: BATCH });
    const counts = { waitingCount: 0, lastQueueNumber: 0, servingNumber: 0 };
    expect(set).toEqual([
      { name: 'general', share: 50, open: true, ...counts },
      { name: 'fan-club', share: 50, open: true, ...counts },
      { name: 'staff', share: 0, open: false, ...counts },
    ]);
    const [audited] = expectStatus(await olga.get('/v1/admin/audit-log?limit=1'), 200).items;
    expect(audited.outcome).toContain('"code":"new"');
    expect(JSON.stringify(audited)).not.toMatch(/fan club|codeHash/i);

    const fans = await queue.join(4);
    const refused = expectProblem(await fans[3]!.api.post(queue.place, { code: 'fan clubs' }), 'INVALID_REQUEST');
    expect(refused.errors).toEqual([{ path: 'code', message: 'must be a code of this waiting room' }]);
    expectProblem(await fans[3]!.api.post(queue.place, { code: 'x' }), 'INVALID_REQUEST');
    // The last of them finds the code; another comes with it, in other letters.
    const moved = expectStatus(await fans[3]!.api.post(queue.place, { code }), 201);
    expect(moved).toMatchObject({ status: 'WAITING', admissionClass: 'fan-club', queueNumber: 1 });
    const member = await aFan(system);
    const joined = expectStatus(await member.api.post(queue.place, { code: ' fan club ' }), 201);
    expect(joined).toMatchObject({ admissionClass: 'fan-club', queueNumber: 2 });
    const again = expectStatus(await member.api.post(queue.place), 200);
    expect(again).toMatchObject({ admissionClass: 'fan-club', queueNumber: 2 });
    await eventually(async () => {
      const answers = await queue.everywhere(fans[3]!, queue.place);
      return answers.every(({ body }) => body.code === 'TOKEN_EXPIRED' && body.reason === 'LEFT');
    });
    const inFanClub = [moved, joined].map(({ token }, index) => ({
      ...fans[0]!,
      api: [fans[3]!.api, member.api][index]!.with({ headers: { 'queue-token': token } }),
    }));
    await eventually(async () => {
      for (const [index, fan] of inFanClub.entries()) {
        for (const { body } of await queue.everywhere(fan, queue.place)) expect(body.position).toBe(index + 1);
      }
      return true;
    });

    await queue.set({ mode: 'OPEN' });
    const log = await eventually(async () => {
      const admitting = (await queue.ticks()).filter(({ admitted }) => admitted > 0);
      return admitting.reduce((sum, { admitted }) => sum + admitted, 0) === 5 && admitting.reverse();
    });
    const told = log.map(({ admissionClass, admitted, from, to }) => [admissionClass, admitted, from, to]);
    // The number that was left is passed over.
    expect(told).toEqual([
      ['general', 1, 1, 1],
      ['fan-club', 1, 1, 1],
      ['general', 1, 2, 2],
      ['fan-club', 1, 2, 2],
      ['general', 1, 3, 4],
    ]);
    const [first, second, third] = fans as [AQueueingFan, AQueueingFan, AQueueingFan];
    for (const fan of [first, second, third, ...inFanClub]) await eventually(() => queue.passes(fan));
    expectProblem(await olga.patch(queue.path, { classes: [], reason: 'r' }), 'INVALID_REQUEST');
    expect((await queue.set({ classes: [{ name: 'fan-club', share: 0, code: null }] })).classes).toMatchObject([
      { name: 'general', share: 100 },
      { name: 'fan-club', share: 0, open: false, lastQueueNumber: 2, servingNumber: 2 },
    ]);
  });

  it('is split from the command line too', async () => {
    const { concertId } = (await ControlledQueue.open(system, olga)).concert;
    const ops = opsOf(system);
    const reason = ['--reason', 'The presale begins'];
    const split = (...more: string[]) => ops(['queue', 'set', concertId, ...more, ...reason, '--yes', '--json']);
    const classed = await split('--class', 'fans=20', '--class', 'staff=5', '--code', 'fans=Front Row');
    expect(answered(classed).classes).toMatchObject([
      { name: 'general', share: 75 },
      { name: 'fans', share: 20, open: true },
      { name: 'staff', share: 5, open: false },
    ]);
    expectRefusal(await split('--code', 'fans=Front Row'), 2, /^--code fans=… needs --class fans=<share>$/m);
    expectRefusal(await split('--class', 'fans'), 2, /^--class takes <class>=<value>$/m);
  });
});
