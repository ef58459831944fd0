import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, promptSettings, startSystem, type System } from '#testing';
import { settles } from '../faults/mistakes.js';
import { violationsIn } from './checker/check.js';
import { type History, readKinds, writeHistory } from './history.js';
import { type Load, startLoad } from './load.js';

const PAYMENT_DEADLINE_S = 6;
/** How long fans buy, ms. */
const LOAD_MS = 10_000;
/** `LOAD_SEED=7` replays what fans tried then, though not when. */
const seed = Number(process.env.LOAD_SEED ?? 1);

/** What a load must have met before its history proves anything. */
const meetings: Readonly<Record<string, readonly string[]>> = {
  'top-up': ['201', 'none'],
  hold: ['201', '409', 'none'],
  pay: ['201', '402', '409', '410', 'none'],
  cancel: ['200'],
};

describe('fans who buy all at once', () => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem({
      replicas: { gateway: 2 },
      settings: {
        ...promptSettings,
        HOLD_SECONDS: 4,
        RESERVATION_SWEEP_MS: 1_000,
        QUEUE_TICK_MS: 500,
        PAYMENT_DEADLINE_SECONDS: PAYMENT_DEADLINE_S,
      },
    });
  });
  afterAll(() => system.stop());

  it('are told one story: each seat has one owner at a time, and each wallet one order', async () => {
    const load = await startLoad(system, { seed, paymentDeadlineSeconds: PAYMENT_DEADLINE_S, requestMs: 30_000 });
    const end = performance.now() + LOAD_MS;
    let history: History;
    try {
      await eventually(() => performance.now() > end && hasMetAll(load), { within: LOAD_MS + 60_000, every: 100 });
    } finally {
      history = await load.stop();
    }
    const path = join(tmpdir(), `history-${seed}-${process.pid}.json`);
    await writeHistory(history, path);
    const sum = `${load.paid()} payments, ${history.operations.length} operations of seed ${seed} in ${path}`;
    process.stderr.write(`${sum}\n${JSON.stringify(load.counts)}\n`);
    expect(load.breaches).toEqual([]);
    expect(violationsIn(history)).toEqual([]);
    expect(history.operations.filter(({ status }) => status === null)).toEqual([]);
    const kinds = new Set(history.operations.map(({ kind }) => kind));
    expect([...kinds]).toEqual(expect.arrayContaining([...Object.keys(meetings), ...readKinds]));
    await settles(system);
  });
});

/** @throws with what is still missing */
function hasMetAll({ counts }: Load): boolean {
  const missing = Object.entries(meetings).flatMap(([what, statuses]) =>
    statuses.filter((status) => !counts[what]?.[status]).map((status) => `${what} ${status}`),
  );
  if (missing.length > 0) throw new Error(`no ${missing.join(', no ')}`);
  return true;
}
