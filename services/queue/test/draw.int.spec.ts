import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { inTransaction, type Outgoing } from '#messaging';
import { emptyDatabase } from '#testing';
import { queue } from '#contracts';
import { v7 as uuidv7 } from 'uuid';
import { drawPage } from '../src/domain/draw.js';
import type { Place } from '../src/domain/place.js';
import { aDraw, aJoin, aLeave, aPublishing, aPurge, aRenewal, aTick, secondsAfter } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

const registered = 2 * drawPage + 5_000;

let database: QueueDatabase;
let concertId: string;
/** The snapshot after the first registration. */
let announced: queue.QueueSnapshot;
beforeAll(async () => {
  database = await QueueDatabase.in(await emptyDatabase());
  concertId = await database.open(secondsAfter(database.now, 60));
  database.pass(1);
  announced = (await database.handle([aJoin('ann', uuidv7(), concertId)])).snapshots[0]!;
  await database.query(
    `with room as (update waiting_room set registered = $2 where concert_id = $1)
     insert into place (concert_id, generation, queue_number, registration, token_id, user_id, status, issued_at, lease_until)
     select $1, 1, -n, n, gen_random_uuid(), 'user ' || n, 'WAITING', $3, $3::timestamptz + interval '15 minutes'
     from generate_series(2, $2) n`,
    [concertId, registered, database.now],
  );
});
afterAll(() => database.drop());

const placeOf = async (registration: number) => {
  const [place] = await database.query<Place>(
    `select concert_id as "concertId", generation, -registration as "queueNumber", token_id as "tokenId"
     from place where concert_id = $1 and registration = $2`,
    [concertId, registration],
  );
  return place!;
};
const numberOf = async (registration: number) => {
  const [row] = await database.query<{ queue_number: number; status: string }>(
    'select queue_number, status from judged_place where concert_id = $1 and registration = $2',
    [concertId, registration],
  );
  return [row?.queue_number, row?.status];
};
const undrawn = async () => {
  const [row] = await database.query<{ count: number }>(
    'select count(*)::int as count from place where concert_id = $1 and queue_number < 0',
    [concertId],
  );
  return row!.count;
};
const typesOf = (sent: readonly Outgoing[] | undefined) => sent?.map(({ contract }) => contract.type);
const drawOnce = async () => typesOf((await database.handle([aDraw(concertId)])).decisions[0]!.send);
const shown = async () => {
  database.pass(5);
  return (await database.handle([aTick(concertId), aPublishing(concertId)])).snapshots[0]!;
};

/** Between two pages: one drawn and one not yet are renewed, join again and leave; somebody comes. */
async function comeAndGo(early: Place, late: Place): Promise<queue.QueueSnapshot> {
  const lease = secondsAfter(database.now, 900);
  const again = await database.handle([
    aRenewal(early, lease),
    aRenewal(late, lease),
    aJoin(`user ${drawPage}`, uuidv7(), concertId),
    aJoin(`user ${drawPage + 1}`, uuidv7(), concertId),
    aJoin('zoe', uuidv7(), concertId),
    aLeave(await placeOf(8)),
    aLeave(await placeOf(drawPage + 8)),
  ]);
  const bodies = again.decisions
    .slice(2, 5)
    .map(({ outcome }) => queue.place.parse((outcome as { body: unknown }).body));
  expect(bodies.map(({ queueNumber, tokenId, created }) => [queueNumber, tokenId, created])).toEqual([
    [-drawPage, early.tokenId, false],
    [-drawPage - 1, late.tokenId, false],
    [registered + 1, expect.any(String), true],
  ]);
  return shown();
}

it('draws by pages on, through a crash, with everybody coming and going, to what the published seed says', async () => {
  expect(announced).toMatchObject({ waitingCount: 1, lastQueueNumber: 0, draw: { registered: 1, seed: null } });
  const [early, late] = [await placeOf(drawPage), await placeOf(drawPage + 1)];
  await database.handle([aLeave(await placeOf(7))]);
  // No row of a pre-queue is one that ticks have passed.
  await database.handle([aPurge(concertId)]);
  const gathering = await shown();
  expect(gathering).toMatchObject({ waitingCount: registered - 1, draw: { registered, seed: null } });
  expect([...queue.decodeNumberSet(gathering.draw!.left)]).toEqual([7]);

  database.pass(60);
  const { decisions, snapshots } = await database.handle([aTick(concertId)]);
  expect(typesOf(decisions[0]!.send)).toEqual(['queue.DrawNumbers.v1']);
  expect(snapshots[0]).toMatchObject({
    lastQueueNumber: registered,
    servingNumber: 0,
    draw: { registered, seed: null },
  });
  expect(await drawOnce()).toEqual(['queue.DrawNumbers.v1']);
  expect(await undrawn()).toBe(registered - drawPage);

  // The process dies before it commits the second page.
  const crash = new Error('killed');
  const dying = inTransaction(database.dataSource, async (tx) => {
    tx.now = database.now;
    await database.fold(tx, [aDraw(concertId)], {});
    throw crash;
  });
  await expect(dying).rejects.toBe(crash);
  expect(await undrawn()).toBe(registered - drawPage);

  const between = await comeAndGo(early, late);
  expect(between).toMatchObject({ servingNumber: 0, waitingCount: registered - 2, draw: { registered, seed: null } });
  expect([...queue.decodeNumberSet(between.draw!.left)]).toEqual([7, 8, drawPage + 8]);

  expect([await drawOnce(), await drawOnce(), await drawOnce()]).toEqual([['queue.DrawNumbers.v1'], [], []]);
  database.pass(1);
  const [drawn] = (await database.handle([aPublishing(concertId)])).snapshots;
  const { seed, left, ...draw } = drawn!.draw!;
  expect(draw).toEqual({ seedHash: announced.draw!.seedHash, registered });
  expect(queue.hashOfSeed(seed!)).toBe(announced.draw!.seedHash);
  const order = queue.drawNumbers(seed!, registered);
  const rows = await database.query<{ registration: number | null; queue_number: number }>(
    'select registration, queue_number from place where concert_id = $1',
    [concertId],
  );
  expect(rows).toHaveLength(registered + 1);
  expect(rows.filter(({ registration, queue_number }) => queue_number !== order[registration! - 1])).toEqual([
    { registration: null, queue_number: registered + 1 },
  ]);
  const gone = [7, 8, drawPage + 8].map((registration) => order[registration - 1]!).sort((one, other) => one - other);
  expect([[...queue.decodeNumberSet(left)], [...queue.decodeNumberSet(drawn!.left)]]).toEqual([[], gone]);
  expect(await numberOf(drawPage)).toEqual([order[drawPage - 1], 'WAITING']);

  database.pass(5);
  await database.handle([aTick(concertId), aPurge(concertId)]);
  const active = rows.filter(({ queue_number }) => queue_number <= 1_000 && !gone.includes(queue_number));
  const [row] = await database.query<{ count: number; highest: number }>(
    `select count(*)::int as count, max(queue_number) as highest from judged_place where concert_id = $1 and status = 'ACTIVE'`,
    [concertId],
  );
  expect(row!.count).toBe(1_000);
  expect(row!.highest).toBe(1_000 + (1_000 - active.length));
}, 120_000);
