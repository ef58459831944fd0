import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyDatabase } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { PurgeTimer } from '../src/messages/purge.timer.js';
import { SnapshotTimer } from '../src/messages/snapshot.timer.js';
import { TickTimer } from '../src/messages/tick.timer.js';
import { TimerStore } from '../src/postgres/timer.store.js';
import { aJoin, anId, aTick, secondsAfter } from './line.builders.js';
import { commandsIn, QueueDatabase } from './queue.database.js';

describe('the timers of the queue', () => {
  let database: QueueDatabase | undefined;
  let concertId: string;
  beforeEach(async () => {
    await database?.drop();
    database = await QueueDatabase.in(await emptyDatabase());
    concertId = await database.open();
  });
  afterAll(() => database?.drop());

  const ticks = () => database!.run(new TickTimer(new TimerStore()));
  const snapshots = () => database!.run(new SnapshotTimer(new TimerStore()));
  const purges = () => database!.run(new PurgeTimer(new TimerStore(), { QUEUE_PURGE_MS: 600_000 }));

  it('send one tick for each due time, however often they run', async () => {
    const tick = [`queue.Tick.v1 ${concertId}`];
    database!.pass(4.5);
    expect(await ticks()).toEqual({ send: [], nextAt: secondsAfter(database!.now, 0.5) });
    database!.pass(0.5);
    const first = await ticks();
    expect(commandsIn(first.send)).toEqual(tick);
    expect(first.nextAt).toEqual(secondsAfter(database!.now, 1));
    database!.pass(1);
    expect((await ticks()).send).toEqual([]);
    await database!.handle([aTick(concertId)]);
    database!.pass(5);
    expect(commandsIn((await ticks()).send)).toEqual(tick);
  });

  it('send a tick again that was lost, every ten seconds until it comes', async () => {
    database!.pass(5);
    await ticks();
    for (const [seconds, sent] of [
      [9.9, 0],
      [0.1, 1],
      [9.9, 0],
      [0.1, 1],
    ] as const) {
      database!.pass(seconds);
      expect((await ticks()).send).toHaveLength(sent);
    }
    await database!.handle([aTick(concertId), aTick(concertId)]);
    database!.pass(4.9);
    expect((await ticks()).send).toEqual([]);
  });

  it('send a tick again that came before its time by a clock set back', async () => {
    database!.pass(5);
    await ticks();
    database!.pass(-3);
    await database!.handle([aTick(concertId)]);
    database!.pass(3);
    expect(commandsIn((await ticks()).send)).toEqual([`queue.Tick.v1 ${concertId}`]);
  });

  it('send once for a snapshot that was held back, when its half second is over', async () => {
    await database!.handle([aJoin('ada', uuidv7(), concertId)]);
    database!.pass(0.4);
    expect((await snapshots()).send).toEqual([]);
    database!.pass(0.1);
    const due = await snapshots();
    expect(commandsIn(due.send)).toEqual([`queue.PublishSnapshot.v1 ${concertId}`]);
    expect(due.nextAt).toEqual(secondsAfter(database!.now, 5));
    expect((await snapshots()).send).toEqual([]);
  });

  it('purge rooms that have places, once in each period', async () => {
    const empty = await database!.open();
    await database!.handle([aJoin('ada', anId(1), concertId)]);
    expect((await purges()).send).toEqual([]);
    database!.pass(600);
    expect(commandsIn((await purges()).send)).toEqual([`queue.PurgePlaces.v1 ${concertId}`]);
    expect((await purges()).send).toEqual([]);
    expect(empty).not.toBe(concertId);
  });
});
