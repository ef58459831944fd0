import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { NotFoundException } from '@nestjs/common';
import { emptyDatabase } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { QueueController } from '../src/http/queue.controller.js';
import { aControl, aJoin, aLeave, anArrival, aPurge, aReset, aSpending, aTick, secondsAfter } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

describe('what operators ask', () => {
  let database: QueueDatabase;
  let controller: QueueController;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase(), { QUEUE_ACTIVATION_BATCH: 2 });
    // Queries read the database's own clock.
    database.now = new Date();
    controller = new QueueController(database.queries());
  });
  afterAll(() => database.drop());

  it('shows the waiting room as operators see it', async () => {
    const concertId = await database.open();
    await database.handle(['ada', 'bob', 'cho'].map((user) => aJoin(user, uuidv7(), concertId)));
    await database.query(`update waiting_room set next_tick_at = $2 where concert_id = $1`, [concertId, database.now]);
    await database.handle([aTick(concertId)]);
    for (const seatsLeft of [5, 7]) await database.counted({ concertId, scheduleId: uuidv7(), seatsLeft });
    expect(await controller.queue({ id: concertId })).toEqual({
      concertId,
      mode: 'OPEN',
      waitingCount: 1,
      activeCount: 2,
      lastQueueNumber: 3,
      servingNumber: 2,
      activationBatch: 2,
      tickSeconds: 5,
      draw: null,
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      maxActive: null,
      instantBelow: null,
      generation: 1,
      message: null,
      seatsLeft: 12,
      classes: [{ name: 'general', share: 100, open: true, waitingCount: 1, lastQueueNumber: 3, servingNumber: 2 }],
    });
  });

  it('lists ticks with what each let in and why, newest first, by page, and those that moved nobody once', async () => {
    const concertId = await database.open();
    const beginning = database.now;
    const ticks = async (count: number, ...before: Parameters<typeof database.handle>[0]) => {
      if (before.length > 0) await database.handle(before);
      for (let tick = 0; tick < count; tick += 1) {
        database.pass(5);
        await database.handle([aTick(concertId)]);
      }
    };
    const joins = ['ada', 'bob', 'cho', 'dan'].map((user) => aJoin(user, uuidv7(), concertId));
    await ticks(3);
    await ticks(3, aControl({ maxActive: 3 }, concertId), ...joins);
    await ticks(2, aControl({ mode: 'PAUSED', tickSeconds: 4 }, concertId));
    await ticks(1, aReset(concertId));
    const { items, nextCursor } = await controller.ticks({ id: concertId }, { limit: 4 });
    const position = JSON.parse(Buffer.from(nextCursor!, 'base64url').toString()) as [number, number, number];
    const cursor = { generation: position[0], tickNumber: position[1], class: position[2] };
    const rest = await controller.ticks({ id: concertId }, { limit: 4, cursor });
    expect(rest.nextCursor).toBeNull();
    const at = (seconds: number) => secondsAfter(beginning, seconds).toISOString();
    const figures = { admissionClass: 'general', activationBatch: 2, tickSeconds: 5, maxActive: 3, generation: 1 };
    const idle = { admitted: 0, passedOver: 0, from: null, to: null };
    expect([...items, ...rest.items]).toEqual([
      {
        ...{ ...figures, ...idle, generation: 2, tickSeconds: 4, tickNumber: 9, at: at(45) },
        ...{ limitedBy: 'PAUSED', active: 0, waiting: 0, repeated: 0 },
      },
      {
        ...{ ...figures, ...idle, tickSeconds: 4, tickNumber: 7, at: at(35) },
        ...{ limitedBy: 'PAUSED', active: 3, waiting: 1, repeated: 1 },
      },
      {
        ...{ ...figures, ...idle, tickNumber: 6, at: at(30) },
        ...{ limitedBy: 'CAP', active: 3, waiting: 1, repeated: 0 },
      },
      {
        ...{ ...figures, tickNumber: 5, at: at(25), limitedBy: 'CAP', active: 2, waiting: 2 },
        ...{ admitted: 1, passedOver: 0, from: 3, to: 3, repeated: 0 },
      },
      {
        ...{ ...figures, tickNumber: 4, at: at(20), limitedBy: 'BATCH', active: 0, waiting: 4 },
        ...{ admitted: 2, passedOver: 0, from: 1, to: 2, repeated: 0 },
      },
      {
        ...{ ...figures, ...idle, maxActive: null, tickNumber: 1, at: at(5) },
        ...{ limitedBy: 'EMPTY', active: 0, waiting: 0, repeated: 2 },
      },
    ]);
  });

  it('lists the part of each class in a tick, its numbers as the class counts them, also where a page ends between two', async () => {
    const concertId = await database.open();
    const codeHash = queue.hashOfCode(concertId, 'presale');
    await database.handle([
      aControl({ activationBatch: 3, classes: [{ name: 'presale', share: 33, codeHash }] }, concertId),
      ...['ada', 'bob', 'cho'].map((user) => aJoin(user, uuidv7(), concertId)),
      ...['dan', 'eve'].map((user) => aJoin(user, uuidv7(), concertId, codeHash)),
    ]);
    database.pass(5);
    await database.handle([aTick(concertId)]);
    const body = await controller.queue({ id: concertId });
    expect([body.waitingCount, body.lastQueueNumber, body.servingNumber]).toEqual([2, 3, 2]);
    expect(body.classes).toEqual([
      { name: 'general', share: 67, open: true, waitingCount: 1, lastQueueNumber: 3, servingNumber: 2 },
      { name: 'presale', share: 33, open: true, waitingCount: 1, lastQueueNumber: 2, servingNumber: 1 },
    ]);
    const whole = await controller.ticks({ id: concertId }, { limit: 10 });
    const part = { tickNumber: 1, limitedBy: 'BATCH', active: 0, repeated: 0 };
    expect(whole.items).toMatchObject([
      { ...part, admissionClass: 'presale', admitted: 1, from: 1, to: 1, waiting: 2 },
      { ...part, admissionClass: 'general', admitted: 2, from: 1, to: 2, waiting: 3 },
    ]);
    const first = await controller.ticks({ id: concertId }, { limit: 1 });
    const [generation, tickNumber, index] = JSON.parse(Buffer.from(first.nextCursor!, 'base64url').toString()) as [
      number,
      number,
      number,
    ];
    const rest = await controller.ticks(
      { id: concertId },
      { limit: 1, cursor: { generation, tickNumber, class: index } },
    );
    expect([...first.items, ...rest.items]).toEqual(whole.items);
  });

  it('tells what became of those who joined, by hour, the same once a purge has deleted their places', async () => {
    const concertId = await database.open();
    const hour = new Date(Math.floor(database.now.getTime() / 3_600_000) * 3_600_000).toISOString();
    const users = ['ada', 'bob', 'cho', 'dan', 'eve'];
    const { decisions } = await database.handle(users.map((user) => aJoin(user, uuidv7(), concertId)));
    const places = decisions.map(({ outcome }) => queue.place.parse((outcome as { body: unknown }).body));
    database.pass(30);
    await database.query('update waiting_room set next_tick_at = $2 where concert_id = $1', [concertId, database.now]);
    const told = secondsAfter(database.now, -12);
    await database.handle([aTick(concertId), aSpending(places[0]!), anArrival(places[1]!, told), aLeave(places[2]!)]);
    // Seen again, and nothing changes.
    await database.handle([anArrival(places[1]!, null)]);
    const waits = { waitP50Seconds: 31, waitP90Seconds: 31, estimateErrorP50Seconds: 13, estimateErrorP90Seconds: 13 };
    const joined = { hour, joined: 5, left: 1, admitted: 2, noShow: 0, paid: 1, ...waits };
    const present = { ...joined, waiting: 2, lapsed: 0, active: 1, unpaid: 0 };
    expect((await controller.funnel({ id: concertId })).items).toEqual([present]);

    database.pass(3_600);
    await database.query('update waiting_room set next_tick_at = $2 where concert_id = $1', [concertId, database.now]);
    await database.handle([aPurge(concertId)]);
    const kept = await database.query('select status from place where concert_id = $1', [concertId]);
    expect(kept).toEqual([{ status: 'LEFT' }]);
    const gone = { ...joined, waiting: 0, lapsed: 2, active: 0, unpaid: 1 };
    expect((await controller.funnel({ id: concertId })).items).toEqual([gone]);
  });

  it.each(['queue', 'ticks', 'funnel'] as const)('knows no %s of another concert', async (what) => {
    const failure = await controller[what]({ id: uuidv7() }, { limit: 20 }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotFoundException);
    expect((failure as NotFoundException).getResponse()).toEqual({ code: 'CONCERT_NOT_FOUND' });
  });
});
