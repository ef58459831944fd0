import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inTransaction } from '#messaging';
import { emptyDatabase } from '#testing';
import { rulesFrom } from '../src/config.js';
import { bucketSize } from '../src/domain/snapshot.js';
import { CountTimer } from '../src/messages/count.timer.js';
import { SnapshotStore } from '../src/postgres/snapshot.store.js';
import { WaitingRoomStore } from '../src/postgres/waiting-room.store.js';
import { aReset, aTick, secondsAfter, settings } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

const rules = rulesFrom(settings);
const store = new SnapshotStore();

/** Live places before each bucket. */
const before = (live: readonly number[]) => live.map((_, bucket) => sum(live.slice(0, bucket)));
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('a line of more than 100,000', () => {
  let database: QueueDatabase;
  let concertId: string;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase());
    concertId = await database.open();
    await database.fill(concertId, 105_010);
  });
  afterAll(() => database.drop());

  const count = () => database.run(new CountTimer(store, settings));
  const tick = () => {
    database.pass(5);
    return database.handle([aTick(concertId)]);
  };
  const live = () =>
    inTransaction(database.dataSource, async (tx) => {
      const [room] = await new WaitingRoomStore().lock([concertId], rules, tx);
      const facts = await store.facts([room!], database.now, rules, tx);
      return { size: bucketSize(room!), live: facts.get(concertId)!.live };
    });
  const leave = (...numbers: number[]) =>
    database.query(
      `update place set status = 'LEFT', finished_at = $3 where concert_id = $1 and queue_number = any($2::int[])`,
      [concertId, numbers, database.now],
    );
  /** With the count that is kept, and with none. */
  const both = async () => {
    const kept = await live();
    await database.query('update line_count set generation = -generation');
    const exact = await live();
    await database.query('update line_count set generation = -generation');
    expect(exact.size).toBe(128);
    return { kept: kept.live, exact: exact.live };
  };

  it('is counted by a timer: a snapshot counts its ends, and takes the middle as it was', async () => {
    await tick();
    expect((await count()).nextAt).toEqual(secondsAfter(database.now, 5));
    // At the front, in the middle, and at the end, which the blocks of the count do not reach.
    await leave(1_001, 50_000, 50_001, 105_005);
    const { kept, exact } = await both();
    expect(sum(exact)).toBe(104_010 - 4);
    expect(sum(kept)).toBe(sum(exact) + 2);
    expect([kept[0], kept.at(-1)]).toEqual([exact[0], exact.at(-1)]);
    await count();
    expect(sum((await live()).live)).toBe(sum(exact));
  });

  it('shows no position too low, and none too high by a bucket, while ticks go on', async () => {
    for (let ticks = 0; ticks < 3; ticks += 1) {
      await tick();
      const { kept, exact } = await both();
      const [asKept, asCounted] = [before(kept), before(exact)];
      const tooHigh = asCounted.map((places, bucket) => asKept[bucket]! - places);
      expect(Math.min(...tooHigh)).toBe(0);
      expect(Math.max(...tooHigh)).toBeLessThan(64);
      expect(sum(kept)).toBe(sum(exact));
    }
  });

  it('has newcomers counted at once', async () => {
    await database.fill(concertId, 300);
    const { kept, exact } = await both();
    expect(sum(kept)).toBe(sum(exact));
    expect(kept.at(-1)).toBe(exact.at(-1));
  });

  it('is counted whole when its count is old, or of another generation', async () => {
    await leave(60_000);
    const missed = await both();
    expect(sum(missed.kept)).toBe(sum(missed.exact) + 1);
    database.pass(31);
    const { kept, exact } = await both();
    expect(kept).toEqual(exact);
    await count();
    await database.handle([aReset(concertId)]);
    expect((await live()).live).toEqual([]);
  });
});
