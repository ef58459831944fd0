import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import type { Outcome } from '#messaging';
import { emptyDatabase } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import type { PlaceStatus } from '../src/domain/place.js';
import {
  aControl,
  aJoin,
  aLeave,
  aPublishing,
  aPurge,
  aRenewal,
  aReset,
  aSpending,
  aTick,
  secondsAfter,
} from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

describe('a line in PostgreSQL', () => {
  let database: QueueDatabase;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase());
  });
  afterAll(() => database.drop());

  const bodyOf = (outcome: Outcome): queue.Place => {
    expect(outcome.kind).toBe('answered');
    return queue.place.parse((outcome as { body: unknown }).body);
  };
  const join = async (concertId: string, ...users: string[]) => {
    const { decisions } = await database.handle(users.map((user) => aJoin(user, uuidv7(), concertId)));
    return decisions.map(({ outcome }) => bodyOf(outcome));
  };
  const statuses = async (concertId: string) => {
    const rows = await database.query<{ status: PlaceStatus }>(
      'select status from judged_place where concert_id = $1 order by queue_number',
      [concertId],
    );
    return rows.map(({ status }) => status);
  };

  it('ticks 3,500 waiting in with 1,000, 1,000, 1,000 and 500, never closer than the interval', async () => {
    const concertId = await database.open();
    for (let joined = 0; joined < 3_500; joined += 500) {
      await join(concertId, ...Array.from({ length: 500 }, (_, n) => `fan-${joined + n}`));
    }
    for (let tick = 0; tick < 6; tick += 1) {
      database.pass(4.999);
      await database.handle([aTick(concertId)]);
      database.pass(0.001);
      await database.handle([aTick(concertId), aTick(concertId)]);
    }
    const log = await database.query<{ activated: number; from_number: number; to_number: number; gap: number }>(
      `select activated, from_number, to_number, extract(epoch from at - lag(at) over (order by at))::float8 as gap
       from activation_log where concert_id = $1 and activated > 0 order by at`,
      [concertId],
    );
    expect(log).toEqual([
      { activated: 1_000, from_number: 1, to_number: 1_000, gap: null },
      { activated: 1_000, from_number: 1_001, to_number: 2_000, gap: 5 },
      { activated: 1_000, from_number: 2_001, to_number: 3_000, gap: 5 },
      { activated: 500, from_number: 3_001, to_number: 3_500, gap: 5 },
    ]);
    expect(new Set(await statuses(concertId))).toEqual(new Set(['ACTIVE']));
  });

  it('passes the dead over, and shows who it was', async () => {
    const concertId = await database.open();
    const [first, second, third, fourth] = await join(concertId, 'ada', 'bob', 'cho', 'dan');
    await database.query(`update place set lease_until = $2 where concert_id = $1 and queue_number in (1, 3)`, [
      concertId,
      database.now,
    ]);
    database.pass(5);
    const { snapshots } = await database.handle([aTick(concertId)], { QUEUE_ACTIVATION_BATCH: 2 });
    expect(await statuses(concertId)).toEqual(['EXPIRED', 'ACTIVE', 'EXPIRED', 'ACTIVE']);
    const [snapshot] = snapshots;
    expect(snapshot).toMatchObject({ servingNumber: 4, waitingCount: 0, activeCount: 2, lastQueueNumber: 4 });
    expect([...queue.decodeNumberSet(snapshot!.passedOver)]).toEqual([1, 3]);

    const spendThenLeave = [aSpending(second!), aLeave(fourth!), aLeave(first!), aSpending(third!)];
    await database.handle(spendThenLeave);
    expect(await statuses(concertId)).toEqual(['EXPIRED', 'SPENT', 'EXPIRED', 'LEFT']);
    database.pass(1);
    const later = (await database.handle([aPublishing(concertId)])).snapshots[0]!;
    expect([[...queue.decodeNumberSet(later.spent)], [...queue.decodeNumberSet(later.left)]]).toEqual([[2], [4]]);
    expect(later.activeCount).toBe(0);
  });

  it('gives a user one live place, however often and in however many batches they join', async () => {
    const concertId = await database.open();
    const places = [...(await join(concertId, 'eve', 'eve', 'fay', 'eve')), ...(await join(concertId, 'eve'))];
    expect(places.map(({ queueNumber, created }) => [queueNumber, created])).toEqual([
      [1, true],
      [1, false],
      [2, true],
      [1, false],
      [1, false],
    ]);
    await expect(
      database.query(
        `insert into place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until)
         values ($1, 1, 99, gen_random_uuid(), 'eve', 'WAITING', now(), now())`,
        [concertId],
      ),
    ).rejects.toThrow('place_of_user');
  });

  it('draws a new number for a place past its lease, after the old one was ended', async () => {
    const concertId = await database.open();
    await join(concertId, 'gus');
    database.pass(901);
    // Ticks stood still as well: bring the room's clock along, so that this is no outage.
    await database.query('update waiting_room set next_tick_at = $2 where concert_id = $1', [concertId, database.now]);
    const [again] = await join(concertId, 'gus');
    expect(again).toMatchObject({ queueNumber: 2, created: true });
    expect(await statuses(concertId)).toEqual(['EXPIRED', 'WAITING']);
  });

  it('folds joins, renewals, leaving, a tick and spending of one batch as if each came alone', async () => {
    const concertId = await database.open();
    const [ida, jon] = await join(concertId, 'ida', 'jon');
    database.pass(6);
    const lease = secondsAfter(database.now, 900);
    const spendIda = aSpending(ida!);
    const kim = uuidv7();
    await database.handle([
      aRenewal(jon!, lease),
      aLeave(jon!),
      aJoin('jon', uuidv7(), concertId),
      aJoin('kim', kim, concertId),
      aTick(concertId),
      spendIda,
      aJoin('ida', uuidv7(), concertId),
      aLeave({ concertId, generation: 1, queueNumber: 4, tokenId: kim }),
    ]);
    const rows = await database.query(
      `select queue_number, user_id, status, activated_at is not null as had_pass from judged_place
       where concert_id = $1 order by queue_number`,
      [concertId],
    );
    expect(rows).toEqual([
      { queue_number: 1, user_id: 'ida', status: 'SPENT', had_pass: true },
      { queue_number: 2, user_id: 'jon', status: 'LEFT', had_pass: false },
      { queue_number: 3, user_id: 'jon', status: 'ACTIVE', had_pass: true },
      { queue_number: 4, user_id: 'kim', status: 'LEFT', had_pass: true },
      { queue_number: 5, user_id: 'ida', status: 'WAITING', had_pass: false },
    ]);
    database.pass(1);
    const { snapshots } = await database.handle([aPublishing(concertId)]);
    expect(snapshots[0]).toMatchObject({
      activated: [{ from: 1, to: 4 }],
      activeCount: 1,
      waitingCount: 1,
      buckets: { size: 1, live: [1] },
      ratePerSecond: 3 / 6,
    });
  });

  it('fills up to the cap on running passes and no further, and refills what was spent', async () => {
    const concertId = await database.open();
    const places = await join(concertId, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    const capped = { QUEUE_MAX_ACTIVE: 3 };
    const activeAfter = async (...before: Parameters<typeof aSpending>[0][]) => {
      database.pass(5);
      await database.handle([...before.map(aSpending), aTick(concertId)], capped);
      return (await statuses(concertId)).filter((status) => status === 'ACTIVE').length;
    };
    expect(await activeAfter()).toBe(3);
    expect(await activeAfter()).toBe(3);
    expect(await activeAfter(places[0]!)).toBe(3);
    await database.handle([aLeave(places[1]!)]);
    expect(await activeAfter(places[2]!)).toBe(3);
    const settled = ['SPENT', 'LEFT', 'SPENT', 'ACTIVE', 'ACTIVE', 'ACTIVE', 'WAITING'];
    expect(await statuses(concertId)).toEqual(settled);
  });

  it('keeps everybody alive for eleven minutes after an outage, but nobody who was dead before it', async () => {
    const concertId = await database.open();
    await join(concertId, 'dead', 'alive');
    await database.query(`update place set lease_until = $2 where concert_id = $1 and queue_number = 1`, [
      concertId,
      secondsAfter(database.now, -1),
    ]);
    database.pass(1_800);
    const [alive] = await join(concertId, 'alive');
    expect(alive).toMatchObject({ queueNumber: 2, created: false });
    await database.query(`update place set lease_until = $2 where concert_id = $1 and queue_number = 2`, [
      concertId,
      secondsAfter(database.now, -600),
    ]);
    await database.handle([aTick(concertId)]);
    expect(await statuses(concertId)).toEqual(['EXPIRED', 'ACTIVE']);
  });

  it('renews a lease within its page, with no index to be told, and without writing the room', async () => {
    const concertId = await database.open();
    const places = await join(concertId, ...Array.from({ length: 20 }, (_, n) => `patient-${n}`));
    const pages = () =>
      database.query(
        `select queue_number, (ctid::text::point)[0] as page, lease_until from place where concert_id = $1
         order by queue_number`,
        [concertId],
      );
    const before = await pages();
    database.pass(10);
    const lease = secondsAfter(database.now, 900);
    const { statements, snapshots } = await database.handle(places.slice(0, 5).map((place) => aRenewal(place, lease)));
    expect(await pages()).toEqual(before.map((row, n) => (n < 5 ? { ...(row as object), lease_until: lease } : row)));
    expect([statements, snapshots]).toEqual([4, []]);
    const indexes = `select indexdef from pg_indexes where tablename = 'place'`;
    expect(JSON.stringify(await database.query(indexes))).not.toContain('lease_until');
  });

  it('keeps what operators set, and the settings for the rest, over resets and batches', async () => {
    const concertId = await database.open();
    const figures = async (settings = {}) => {
      const { decisions } = await database.handle([aControl({ message: 'soon' }, concertId)], settings);
      return (decisions[0]!.outcome as { body: object }).body;
    };
    await database.handle([aControl({ maxActive: 9, tickSeconds: 7 }, concertId), aReset(concertId)]);
    const settings = { QUEUE_ACTIVATION_BATCH: 44, QUEUE_MAX_ACTIVE: 3, QUEUE_TICK_MS: 1_000 };
    const generation = { generation: 2, lastQueueNumber: 0, message: 'soon' };
    expect(await figures(settings)).toMatchObject({ ...generation, activationBatch: 44, tickSeconds: 7, maxActive: 9 });
    await database.handle([aControl({ maxActive: null, mode: 'DRAIN' }, concertId)]);
    expect(await figures(settings)).toMatchObject({ ...generation, maxActive: null, mode: 'DRAIN' });
  });

  it('begins a new generation with its first user at number 1, who had a place or a pass in the old one', async () => {
    const concertId = await database.open();
    const [ada, bob] = await join(concertId, 'ada', 'bob');
    database.pass(5);
    await database.handle([aTick(concertId)], { QUEUE_ACTIVATION_BATCH: 1 });
    const { snapshots } = await database.handle([aReset(concertId), aSpending(ada!), aLeave(bob!)]);
    const [again, also] = await join(concertId, 'bob', 'ada');
    expect([again, also]).toMatchObject([
      { generation: 2, queueNumber: 1, created: true },
      { generation: 2, queueNumber: 2, created: true },
    ]);
    const [before] = await database.query<{ next_tick_at: Date }>(
      'select next_tick_at from waiting_room where concert_id = $1',
      [concertId],
    );
    expect(before!.next_tick_at).toEqual(secondsAfter(database.now, 5));
    database.pass(5);
    const ticked = await database.handle([aTick(concertId)], { QUEUE_ACTIVATION_BATCH: 1 });
    expect(snapshots).toEqual([]);
    expect(ticked.snapshots).toEqual([
      expect.objectContaining({
        generation: 2,
        servingNumber: 1,
        activeCount: 1,
        waitingCount: 1,
        activated: [expect.objectContaining({ from: 1, to: 1 })],
      }),
    ]);
    await database.handle([aPurge(concertId)]);
    const left = await database.query('select generation from place where concert_id = $1', [concertId]);
    expect(left).toEqual([{ generation: 2 }, { generation: 2 }]);
  });

  it('takes no more statements for a batch of 500 than for one of five', async () => {
    const concertId = await database.open();
    await join(concertId, 'x1', 'x2', 'x3');
    database.pass(6);
    const batch = (count: number) => [
      ...Array.from({ length: count }, () => aJoin(uuidv7(), uuidv7(), concertId)),
      aTick(concertId),
    ];
    const few = await database.handle(batch(4));
    database.pass(6);
    const many = await database.handle(batch(499));
    expect(many.statements).toBe(few.statements);
    expect(many.statements).toBeLessThanOrEqual(9);
  });
});
