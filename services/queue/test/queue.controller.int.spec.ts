import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { emptyDatabase } from '#testing';
import { v7 as uuidv7 } from 'uuid';
import { QueueController } from '../src/http/queue.controller.js';
import { aJoin, aTick } from './line.builders.js';
import { QueueDatabase } from './queue.database.js';

describe('GET /internal/concerts/:id/queue', () => {
  let database: QueueDatabase;
  let controller: QueueController;
  beforeAll(async () => {
    database = await QueueDatabase.in(await emptyDatabase(), { QUEUE_ACTIVATION_BATCH: 2 });
    // Queries read the database's own clock.
    database.now = new Date();
    controller = new QueueController(database.queries());
  });
  afterAll(() => database.drop());

  it('shows the waiting room as the public API does', async () => {
    const concertId = await database.open();
    await database.handle(['ada', 'bob', 'cho'].map((user) => aJoin(user, uuidv7(), concertId)));
    await database.query(`update waiting_room set next_tick_at = $2 where concert_id = $1`, [concertId, database.now]);
    await database.handle([aTick(concertId)]);
    expect(await controller.queue(concertId)).toEqual({
      concertId,
      mode: 'OPEN',
      waitingCount: 1,
      activeCount: 2,
      lastQueueNumber: 3,
      servingNumber: 2,
      activationBatch: 2,
      tickSeconds: 5,
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
  });

  it.each([uuidv7(), 'not-an-id'])('answers 404 for %s', async (id) => {
    const failure = await controller.queue(id).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NotFoundException);
    expect((failure as NotFoundException).getResponse()).toEqual({ code: 'CONCERT_NOT_FOUND' });
  });
});
