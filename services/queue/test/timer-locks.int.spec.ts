import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { inTransaction } from '#messaging';
import { emptyDatabase } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { rulesFrom } from '../src/config.js';
import { snapshotTimer, SnapshotTimer } from '../src/messages/snapshot.timer.js';
import { TimerStore } from '../src/postgres/timer.store.js';
import { WaitingRoomStore } from '../src/postgres/waiting-room.store.js';
import { aJoin, secondsAfter } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

let database: QueueDatabase;
beforeAll(async () => {
  database = await QueueDatabase.in(await emptyDatabase());
});
afterAll(() => database.drop());

it('a batch that holds a room while it wakes the snapshot timer, and the timer that looks for the room, do not deadlock', async () => {
  const [heldBack, other] = [await database.open(), await database.open()];
  await database.handle([aJoin('ada', uuidv7(), heldBack)]);
  await database.query(`insert into timer (name, due_at) values ($1, '2030-01-01')`, [snapshotTimer]);
  const timer = new SnapshotTimer(new TimerStore());
  const now = secondsAfter(database.now, 0.5);

  let found: unknown;
  await inTransaction(database.dataSource, async (batch) => {
    await new WaitingRoomStore().lock([heldBack, other], rulesFrom(database.settings), batch);
    let holdsTimer = () => {};
    const timerIsHeld = new Promise<void>((resolve) => (holdsTimer = resolve));
    const run = inTransaction(database.dataSource, async (tx) => {
      tx.now = now;
      await tx.query('select from timer where name = $1 for update', [snapshotTimer]);
      holdsTimer();
      found = await timer.find(tx);
    });
    await timerIsHeld;
    await Promise.all([batch.wakeTimer(snapshotTimer, now), run]);
  });
  // The room is the batch's for now: the timer comes again soon, and finds it then.
  expect(found).toEqual({ send: [], nextAt: secondsAfter(now, 0.05) });
  expect((await database.query<{ due_at: Date }>('select due_at from timer'))[0]!.due_at).toEqual(now);
});
