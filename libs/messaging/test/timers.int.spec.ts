import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '#testing';
import { TimerLoop } from '../src/handling/timer-loop.js';
import type { Due, Timer } from '../src/handling/timer.js';
import type { Transaction } from '../src/postgres/transaction.js';
import { startTally, type TallyService } from './tally.js';

const EVERY_MS = 150;

let tally: TallyService;

beforeAll(async () => {
  tally = await startTally();
  await tally.dataSource.query('create table run (replica text not null, due_at timestamptz not null, at timestamptz)');
});
afterAll(() => tally.close());

/** Writes down each of its runs in the transaction of the run, slowly enough for another replica to come by. */
class NotingTimer implements Timer {
  readonly name = 'noting';

  constructor(private readonly replica: string) {}

  async find(tx: Transaction): Promise<Due> {
    await tx.query(`insert into run select $1, due_at, $2 from timer where name = 'noting'`, [this.replica, tx.now]);
    await pause(20);
    return { send: [], nextAt: new Date(tx.now.getTime() + EVERY_MS) };
  }
}

const aLoop = (...timers: Timer[]) => new TimerLoop('tally', () => timers, tally.dataSource, tally.publisher);

const runs = () =>
  tally.dataSource.query<{ replica: string; due_at: Date; at: Date }[]>('select * from run order by at');

it('a replica that found a timer due runs nothing when another was first', async () => {
  const [first, late] = [new NotingTimer('first'), new NotingTimer('late')];
  await tally.dataSource.query(`insert into timer (name) values ('noting')`);
  // Both have looked and found it due: what each does then.
  await aLoop(first)['run'](first);
  await aLoop(late)['run'](late);
  expect((await runs()).map(({ replica }) => replica)).toEqual(['first']);
});

it('of several replicas one runs for each due time, never before it, and the others take over from one that stops', async () => {
  const replicas = ['one', 'two', 'three'].map((replica) => ({ replica, loop: aLoop(new NotingTimer(replica)) }));
  try {
    await Promise.all(replicas.map(({ loop }) => loop.start()));
    await eventually(async () => (await runs()).length >= 12);
    const busy = (await runs()).at(-1)!.replica;
    await replicas.find(({ replica }) => replica === busy)!.loop.stop();
    const before = (await runs()).length;
    await eventually(async () => (await runs()).length >= before + 5);
  } finally {
    await Promise.all(replicas.map(({ loop }) => loop.stop()));
  }

  const all = await runs();
  expect(new Set(all.map(({ due_at }) => due_at.getTime())).size).toBe(all.length);
  for (const { due_at, at } of all) expect(at.getTime()).toBeGreaterThanOrEqual(due_at.getTime());
  for (const [index, { at }] of all.entries()) {
    if (index > 0) expect(at.getTime() - all[index - 1]!.at.getTime()).toBeGreaterThanOrEqual(EVERY_MS);
  }
});

it('no timer waits for another that takes long', async () => {
  await tally.dataSource.query('truncate run');
  let release!: (due: Due) => void;
  const held = new Promise<Due>((resolve) => (release = resolve));
  const slow: Timer = { name: 'slow', find: () => held };
  const loop = aLoop(slow, new NotingTimer('one'));
  await loop.start();
  try {
    await eventually(async () => (await runs()).length >= 3);
  } finally {
    release({ send: [], nextAt: new Date() });
    await loop.stop();
  }
});
