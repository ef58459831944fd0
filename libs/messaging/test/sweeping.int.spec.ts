import { wallet } from '#contracts';
import { eventually } from '#testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { foldBatches } from '../src/handling/batch-transaction.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { send } from '../src/messages/message.js';
import { Publisher } from '../src/handling/publisher.js';
import { TimerLoop } from '../src/handling/timer-loop.js';
import type { Timer } from '../src/handling/timer.js';
import { aTopUp, startTally, type TallyService } from './tally.js';

let tally: TallyService;

beforeAll(async () => {
  tally = await startTally();
});

afterAll(() => tally.close());

it('a lane that cannot be sent does not keep the sweeper from the ones after it', async () => {
  const names = ['lane a', 'lane b', 'lane c'];
  for (const name of names) {
    const lane = await takeOverLane(tally.dataSource, name);
    await foldBatches(tally.dataSource, tally.consumer, [{ lane, records: [aTopUp('sam', 1)], attempts: 0 }]);
  }
  await tally.dataSource.query(`update outbox set created_at = created_at - interval '11 s'`);
  await tally.dataSource.query(`update outbox set partition = 99 where lane = any($1)`, [names.slice(0, 2)]);
  await expect(tally.publisher.publishOverdue()).rejects.toThrow('not confirmed');
  expect(await Promise.all(names.map((name) => tally.outboxOf(name)))).toEqual([
    [{ partition: 99 }],
    [{ partition: 99 }],
    [],
  ]);
});

/** Finds the same thing due again until somebody does it. */
class NaggingTimer implements Timer {
  constructor(readonly name: string) {}

  find() {
    const payload = { topUpId: uuidv7(), userId: this.name, amount: 1 };
    return Promise.resolve({ send: [send(wallet.topUp, uuidv7(), payload)], nextAt: new Date(0) });
  }
}

it('timers send nothing new before what they have sent is published, and a failing one leaves the others alone', async () => {
  let sends = 0;
  let isAway = true;
  const kafka = {
    send: (_producer: unknown, records: readonly unknown[]) => {
      sends += 1;
      return isAway ? Promise.reject(new Error('no broker')) : Promise.resolve(records.map(() => true));
    },
  };
  const publisher = new Publisher(tally.dataSource, kafka as never, tally.producer);
  const failing: Timer = { name: 'failing', find: () => Promise.reject(new TypeError('a bug')) };
  const timers = [failing, new NaggingTimer('one'), new NaggingTimer('two')];
  const loop = new TimerLoop('tally', () => timers, tally.dataSource, publisher);
  const waiting = (name: string) => tally.outboxOf(`timer:${name}`);
  await loop.start();
  try {
    // Each timer has found its first command, and comes to it again.
    await eventually(() => sends >= 4);
    expect([await waiting('one'), await waiting('two')].map(({ length }) => length)).toEqual([1, 1]);
    isAway = false;
    await eventually(async () => (await waiting('one')).length + (await waiting('two')).length === 0);
  } finally {
    await loop.stop();
  }
});
