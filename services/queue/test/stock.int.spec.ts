import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { emptyDatabase, eventually } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { aControl, aJoin, aPublishing, aReset, aTick } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

describe('a room in PostgreSQL', () => {
  let database: QueueDatabase;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase());
  });
  afterAll(() => database.drop());

  const join = async (concertId: string, ...users: string[]) => {
    const { decisions } = await database.handle(users.map((user) => aJoin(user, uuidv7(), concertId)));
    return decisions.map(({ outcome }) => queue.place.parse((outcome as { body: unknown }).body));
  };

  it('lets in at once whoever comes while nobody waits, as one row of the log a second, within the batch of any interval', async () => {
    const concertId = await database.open();
    const figures = { activationBatch: 3, instantBelow: 9 };
    const { decisions } = await database.handle([aControl(figures, concertId)]);
    expect((decisions[0]!.outcome as { body: object }).body).toMatchObject(figures);
    const [ada, bob] = await join(concertId, 'ada', 'bob');
    const began = database.now;
    expect([ada, bob]).toMatchObject(Array(2).fill({ status: 'ACTIVE', created: true }));
    database.pass(0.9);
    const [cho, dan] = await join(concertId, 'cho', 'dan');
    expect([cho, dan]).toMatchObject([{ status: 'ACTIVE', activeUntil: ada!.activeUntil }, { status: 'WAITING' }]);
    database.pass(4.1);
    const { snapshots } = await database.handle([aTick(concertId)]);
    expect(snapshots[0]).toMatchObject({
      activated: [{ from: 1, to: 3, at: began.toISOString() }],
      activeCount: 3,
      waitingCount: 1,
    });
    database.pass(5);
    await database.handle([aTick(concertId)]);
    const [eve] = await join(concertId, 'eve');
    expect(eve).toMatchObject({ status: 'ACTIVE', queueNumber: 5 });
    const log = await database.query(
      `select tick_number, from_number, to_number, activated, active, waiting, limited_by from activation_log
       where concert_id = $1 order by tick_number`,
      [concertId],
    );
    expect(log.map((row) => Object.values(row as object))).toEqual([
      [1, 1, 3, 3, 0, 0, 'INSTANT'],
      [2, 4, 3, 0, 3, 1, 'BATCH'],
      [3, 4, 4, 1, 3, 1, 'EMPTY'],
      [4, 5, 5, 1, 4, 0, 'INSTANT'],
    ]);
    database.pass(0.5);
    const cleared = await database.handle([aReset(concertId), aControl({ instantBelow: null }, concertId)]);
    expect(cleared.decisions).toMatchObject([{}, { outcome: { body: { instantBelow: null } } }]);
    expect(await join(concertId, 'fay')).toMatchObject([{ generation: 2, status: 'WAITING' }]);
  });

  it('closes to newcomers when no seat of any schedule is left, and opens when one comes back', async () => {
    const concertId = await database.open();
    const [first, second] = [uuidv7(), uuidv7()];
    const count = (scheduleId: string, seatsLeft: number, version: number) =>
      database.counted({ concertId, scheduleId, seatsLeft, version, seatsSold: 6, buyers: 4 });
    const refusal = async () => {
      const { decisions } = await database.handle([aJoin(uuidv7(), uuidv7(), concertId)]);
      const { outcome } = decisions[0]!;
      return outcome.kind === 'rejected' ? outcome.members!['reason'] : outcome.kind;
    };
    expect(await refusal()).toBe('answered');
    await count(first, 0, 3);
    expect(await refusal()).toBe('SOLD_OUT');
    await count(second, 2, 1);
    expect(await refusal()).toBe('answered');
    await count(second, 0, 2);
    // The same again, older ones, and older ones after all the others.
    for (const [schedule, left, version] of [
      [second, 0, 2],
      [second, 2, 1],
      [first, 5, 2],
    ] as const) {
      await count(schedule, left, version);
      expect(await refusal()).toBe('SOLD_OUT');
    }
    database.pass(1);
    const { snapshots } = await database.handle([aPublishing(concertId)]);
    expect(snapshots[0]).toMatchObject({ stock: { seatsLeft: 0, seatsSold: 12, buyers: 8 }, waitingCount: 2 });
    await count(first, 1, 4);
    expect(await refusal()).toBe('answered');
  });

  it('knows the seats of a concert whose room was opened after they were counted', async () => {
    const concertId = uuidv7();
    await database.counted({ concertId, scheduleId: uuidv7(), seatsLeft: 0 });
    await database.created(concertId);
    expect((await database.handle([aJoin('ada', uuidv7(), concertId)])).decisions).toMatchObject([
      { outcome: { code: 'QUEUE_CLOSED', members: { reason: 'SOLD_OUT' } } },
    ]);
  });

  it('holds a snapshot back for counts as for any other change: one for many', async () => {
    const concertId = await database.open();
    const flags = () =>
      database.query('select snapshot_due, version from waiting_room where concert_id = $1', [concertId]);
    for (let sold = 1; sold <= 20; sold += 1) {
      await database.counted({ concertId, scheduleId: concertId, seatsLeft: 20 - sold });
      database.pass(0.02);
    }
    expect(await flags()).toEqual([{ snapshot_due: true, version: 1 }]);
    database.pass(0.1);
    const { snapshots } = await database.handle([aPublishing(concertId), aPublishing(concertId)]);
    expect(snapshots).toMatchObject([{ version: 2, stock: { seatsLeft: 0 } }]);
    expect(await flags()).toEqual([{ snapshot_due: false, version: 2 }]);
  });

  it('shows the seats of a count that it has waited for', async () => {
    const [concertId, scheduleId] = [await database.open(), uuidv7()];
    await database.counted({ concertId, scheduleId, seatsLeft: 5 });
    database.pass(5);
    const counting = database.dataSource.createQueryRunner();
    await counting.startTransaction();
    await counting.query('select from waiting_room where concert_id = $1 for update', [concertId]);
    await counting.query('update stock set seats_left = 4 where concert_id = $1', [concertId]);
    const ticked = database.handle([aTick(concertId)]);
    const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    await eventually(async () => (await database.query(waits)).length > 0);
    await counting.commitTransaction();
    await counting.release();
    expect((await ticked).snapshots[0]!.stock).toMatchObject({ seatsLeft: 4 });
  });
});
