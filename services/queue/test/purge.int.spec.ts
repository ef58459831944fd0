import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emptyDatabase } from '#testing';
import { queue } from '#contracts';
import { v7 as uuidv7 } from 'uuid';
import { aJoin, aLeave, aPublishing, aPurge, aSpending, aTick } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

describe('a purge', () => {
  let database: QueueDatabase;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase(), { QUEUE_ACTIVATION_BATCH: 2 });
  });
  afterAll(() => database.drop());

  const numbers = async (concertId: string) =>
    (
      await database.query<{ queue_number: number }>(
        'select queue_number from place where concert_id = $1 order by queue_number',
        [concertId],
      )
    ).map((row) => row.queue_number);
  const snapshotOf = async (concertId: string) => {
    database.pass(1);
    const [snapshot] = (await database.handle([aPublishing(concertId)])).snapshots;
    const { version, at, ...shown } = snapshot!;
    return shown;
  };
  /** Minutes with a tick every five seconds. */
  const tickFor = async (concertId: string, minutes: number) => {
    for (let tick = 0; tick < minutes * 12; tick += 1) {
      database.pass(5);
      await database.handle([aTick(concertId)]);
    }
  };

  it('deletes what no verdict needs, keeps what one does, and changes no snapshot and no answer', async () => {
    const concertId = await database.open();
    const users = ['spent', 'left', 'ended', 'ended too', 'active', 'gone', 'late', 'early'];
    const { decisions } = await database.handle(users.map((user) => aJoin(user, uuidv7(), concertId)));
    const places = decisions.map(({ outcome }) => queue.place.parse((outcome as { body: unknown }).body));
    await tickFor(concertId, 1 / 6);
    await database.handle([aSpending(places[0]!), aLeave(places[1]!)]);
    await database.query(`update waiting_room set mode = 'PAUSED' where concert_id = $1`, [concertId]);
    await tickFor(concertId, 14.5);
    // All four first passes are past their end; their ranges are kept for late payments.
    await database.handle([aPurge(concertId)]);
    expect(await numbers(concertId)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);

    await tickFor(concertId, 1);
    // The leases of the waiting have passed as well; three come back, one of them leaves again.
    const back = await database.handle(['early', 'late', 'gone'].map((user) => aJoin(user, uuidv7(), concertId)));
    const gone = queue.place.parse((back.decisions[2]!.outcome as { body: unknown }).body);
    await database.handle([aLeave(gone)]);
    const before = await snapshotOf(concertId);
    const { decisions: purged } = await database.handle([aPurge(concertId)]);
    expect(purged[0]!.send).toEqual([]);
    expect(await numbers(concertId)).toEqual([9, 10, 11]);
    expect(await snapshotOf(concertId)).toEqual(before);
    expect(before).toMatchObject({ servingNumber: 4, lastQueueNumber: 11, waitingCount: 2 });
    expect([...queue.decodeNumberSet(before.left)]).toEqual([11]);

    const acknowledged = await database.handle([aSpending(places[0]!), aLeave(places[4]!)]);
    expect(acknowledged.decisions.map(({ outcome }) => outcome)).toEqual(Array(2).fill({ kind: 'answered', body: {} }));
    await database.query(`update waiting_room set mode = 'OPEN' where concert_id = $1`, [concertId]);
    await tickFor(concertId, 1 / 12);
    const { passedOver, ...after } = await snapshotOf(concertId);
    expect(after).toMatchObject({ activated: [{ from: 5, to: 10 }], activeCount: 2, servingNumber: 10 });
    expect([...queue.decodeNumberSet(passedOver)]).toEqual([5, 6, 7, 8]);
  });

  it('deletes a page at a time and sends itself on while there is more', async () => {
    const concertId = await database.open();
    await database.fill(concertId, 12_000, -1);
    const left = [];
    for (let more = true; more;) {
      const { decisions } = await database.handle([aPurge(concertId)]);
      more = decisions[0]!.send!.length === 1;
      left.push((await numbers(concertId)).length);
    }
    expect(left).toEqual([7_000, 2_000, 0]);
  });
});
