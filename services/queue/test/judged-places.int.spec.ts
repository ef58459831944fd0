import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { emptyDatabase } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { aJoin, anArrival, aPurge, aRenewal, aSpending, aTick, secondsAfter } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

describe('what a tick decides', () => {
  let database: QueueDatabase;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase(), { QUEUE_ACTIVATION_BATCH: 3 });
  });
  afterAll(() => database.drop());

  const rowsOf = (concertId: string) =>
    database.query(`select *, xmin, ctid from place where concert_id = $1 order by queue_number`, [concertId]);
  const stand = (concertId: string) =>
    database.query<{ status: string; saved: string }>(
      `select status, saved_status as saved, activated_at, active_until, finished_at from judged_place
       where concert_id = $1 order by queue_number`,
      [concertId],
    );
  const join = async (concertId: string, ...users: string[]) => {
    const { decisions } = await database.handle(users.map((user) => aJoin(user, uuidv7(), concertId)));
    return decisions.map(({ outcome }) => queue.place.parse((outcome as { body: unknown }).body));
  };
  /** Four in line, of whom the second died: three come in with one tick. */
  const aTickOfFour = async () => {
    const concertId = await database.open();
    const places = await join(concertId, 'ada', 'bob', 'cho', 'dan');
    await database.query('update place set lease_until = $2 where concert_id = $1 and queue_number = 2', [
      concertId,
      database.now,
    ]);
    database.pass(5);
    const before = await rowsOf(concertId);
    const ticked = await database.handle([aTick(concertId)]);
    return { concertId, places, before, ticked };
  };

  it('is its row of the log alone, and how places stand follows from it', async () => {
    const { concertId, before } = await aTickOfFour();
    expect(await rowsOf(concertId)).toEqual(before);
    const pass = { activated_at: database.now, active_until: secondsAfter(database.now, 600), finished_at: null };
    const active = { status: 'ACTIVE', saved: 'WAITING', ...pass };
    const over = { activated_at: null, active_until: null, finished_at: database.now };
    expect(await stand(concertId)).toEqual([active, { status: 'EXPIRED', saved: 'WAITING', ...over }, active, active]);
  });

  it('holds whatever comes later: no renewal revives or prolongs, and who was passed over draws a new number', async () => {
    const { concertId, places } = await aTickOfFour();
    const [stood, lease] = [await stand(concertId), secondsAfter(database.now, 900)];
    await database.handle(places.map((place) => aRenewal(place, lease)));
    expect((await stand(concertId)).map(({ saved, ...rest }) => rest)).toEqual(stood.map(({ saved, ...rest }) => rest));
    const again = await join(concertId, 'bob', 'ada');
    expect(again).toMatchObject([
      { queueNumber: 5, created: true },
      { queueNumber: 1, created: false },
    ]);
  });

  it('is taken over into the row by whatever else becomes of the place', async () => {
    const { concertId, places } = await aTickOfFour();
    await database.handle([aSpending(places[0]!), anArrival(places[2]!, null)]);
    expect((await stand(concertId)).map(({ status, saved }) => [status, saved])).toEqual([
      ['SPENT', 'SPENT'],
      ['EXPIRED', 'WAITING'],
      ['ACTIVE', 'ACTIVE'],
      ['ACTIVE', 'WAITING'],
    ]);
  });

  it('says what a purge may delete: who was passed over, and of who was let in nobody, though no lease is renewed', async () => {
    const { concertId } = await aTickOfFour();
    // Ticks went on meanwhile, so that nobody is given grace.
    await database.query(`update waiting_room set next_tick_at = $2 where concert_id = $1`, [
      concertId,
      secondsAfter(database.now, 899),
    ]);
    database.pass(899);
    const [pass] = await stand(concertId);
    expect(pass!.status).toBe('ACTIVE');
    await database.query(`update place set lease_until = $2 where concert_id = $1 and queue_number <> 2`, [
      concertId,
      secondsAfter(database.now, -1),
    ]);
    await database.handle([aPurge(concertId)]);
    const left = await database.query<{ queue_number: number }>(
      'select queue_number from place where concert_id = $1 order by 1',
      [concertId],
    );
    expect(left.map(({ queue_number }) => queue_number)).toEqual([1, 3, 4]);
    const counted = await database.query('select outcome, places from funnel where concert_id = $1', [concertId]);
    expect(counted).toEqual([{ outcome: 'LAPSED', places: 1 }]);
  });

  it('costs as many statements and rows for a thousand as for one', async () => {
    const read = async (batch: number) => {
      const concertId = await database.open();
      await database.fill(concertId, 2_000);
      database.pass(5);
      const { statements } = await database.handle([aTick(concertId)], { QUEUE_ACTIVATION_BATCH: batch });
      const [log] = await database.query<{ activated: number }>(
        'select activated from activation_log where concert_id = $1',
        [concertId],
      );
      expect(log!.activated).toBe(batch);
      const [written] = await database.query<{ places: number }>(
        `select count(*)::int as places from place where concert_id = $1 and status <> 'WAITING'`,
        [concertId],
      );
      return { statements, written };
    };
    expect(await read(1_000)).toEqual(await read(1));
  });
});
