import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { concert } from '#contracts';
import { SETTINGS } from '#service';
import { emptyDatabase } from '#testing';
import { ConcertsController } from '../src/http/concerts.controller.js';
import { SeatsController } from '../src/http/seats.controller.js';
import { CatalogueQueries } from '../src/postgres/catalogue.queries.js';
import { SeatQueries } from '../src/postgres/seat.queries.js';
import { aCommand } from './command.builders.js';
import { aConcert, aHold, aSchedule, ConcertDatabase, settings, type Show } from './concert.database.js';

@Module({})
class QueriesModule {}

const oneSeat = [{ section: 'A', rows: 1, seatsPerRow: 1, price: 1 }];

describe('the concert queries', () => {
  let database: ConcertDatabase;
  let app: NestFastifyApplication;
  beforeAll(async () => {
    database = await ConcertDatabase.in(await emptyDatabase());
    const root = {
      module: QueriesModule,
      controllers: [ConcertsController, SeatsController],
      providers: [
        CatalogueQueries,
        SeatQueries,
        { provide: DataSource, useValue: database.dataSource },
        { provide: SETTINGS, useValue: settings },
      ],
    };
    const options = { logger: false, abortOnError: false } as const;
    app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), options);
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const get = async (path: string) => {
    const response = await app.inject({ method: 'GET', url: `/internal/${path}` });
    return { status: response.statusCode, body: response.json<any>(), type: response.headers['content-type'] };
  };

  /** Holds the first seat, sells the second, blocks the third, holds the fourth until a second ago. */
  const ofEveryKind = async (): Promise<Show> => {
    const show = await database.aShow([{ section: 'B', rows: 1, seatsPerRow: 6, price: 1_000 }]);
    const { scheduleId } = show;
    const [held, sold, blocked, lapsed] = show.seatIds as [string, string, string, string];
    const [reservationId, paymentId] = [uuidv7(), uuidv7()];
    await database.handle([aHold(show, [lapsed], { userId: 'cyd' })], -301);
    await database.handle([
      aHold(show, [held], { userId: 'bob' }),
      aHold(show, [sold], { reservationId }),
      aCommand(concert.confirmSeats, { scheduleId, reservationId, paymentId, seatIds: [sold] }),
      aCommand(concert.blockSeats, { scheduleId, seatIds: [blocked], blocked: true, reason: 'sound desk' }),
    ]);
    return show;
  };

  it('show a concert with its dates, soonest first', async () => {
    const [concertId, later, sooner] = [uuidv7(), uuidv7(), uuidv7()];
    await database.handle([
      aConcert(concertId),
      aSchedule(concertId, later, oneSeat, '2026-12-25T10:00:00.000Z'),
      aSchedule(concertId, sooner, oneSeat, '2026-12-24T10:00:00.000Z'),
    ]);
    const body = {
      concertId,
      title: 'Winter Tour',
      artist: null,
      venue: 'Hall',
      timeZone: 'UTC',
      salesOpenAt: '2026-01-01T00:00:00.000Z',
      salesCloseAt: null,
      dates: [
        { scheduleId: sooner, startsAt: '2026-12-24T10:00:00.000Z' },
        { scheduleId: later, startsAt: '2026-12-25T10:00:00.000Z' },
      ],
    };
    expect(await get(`concerts/${concertId}`)).toMatchObject({ status: 200, body });
    expect((await get('concerts?limit=1')).body.items).toEqual([body]);
  });

  it('list concerts newest first, each once, page by page', async () => {
    const together = [aConcert(uuidv7(), 'one'), aConcert(uuidv7(), 'two'), aConcert(uuidv7(), 'three')];
    await database.handle(together, 60);
    await database.handle([aConcert(uuidv7(), 'newest')], 61);
    const titles: string[] = [];
    let cursor = '';
    do {
      const { body } = await get(`concerts?limit=2${cursor && `&cursor=${cursor}`}`);
      titles.push(...body.items.map(({ title }: { title: string }) => title));
      cursor = body.nextCursor;
    } while (cursor);
    expect(titles.slice(0, 4)).toEqual(['newest', 'three', 'two', 'one']);
    const all = (await get('concerts?limit=100')).body;
    expect(all.items.map(({ title }: { title: string }) => title)).toEqual(titles);
    expect(all.nextCursor).toBeNull();
  });

  it('show the dates with seats left, and how many', async () => {
    const { concertId, scheduleId } = await ofEveryKind();
    const soldOut = uuidv7();
    await database.handle([aSchedule(concertId, soldOut, oneSeat)]);
    const seatIds = await database.seatIdsOf(soldOut);
    await database.handle([aHold({ concertId, scheduleId: soldOut, seatIds }, seatIds)]);
    const date = { scheduleId, concertId, startsAt: '2026-12-24T10:00:00.000Z', seatsTotal: 6, seatsAvailable: 3 };
    expect(await get(`concerts/${concertId}/schedules`)).toMatchObject({ status: 200, body: { items: [date] } });
  });

  it('list the seats that can be taken now, a lapsed one among them', async () => {
    const { concertId, scheduleId, seatIds } = await ofEveryKind();
    const { status, body, type } = await get(`concerts/${concertId}/schedules/${scheduleId}/seats`);
    expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
    expect(Object.keys(body)).toEqual(['scheduleId', 'asOf', 'items']);
    expect(body.asOf).toBe(new Date(body.asOf).toISOString());
    expect(body.items).toEqual(
      [4, 5, 6].map((number) => {
        const name = { seatId: seatIds[number - 1], section: 'B', row: '1', number };
        return { ...name, price: 1_000, currency: 'KRW' };
      }),
    );
  });

  it('list every seat with its status when asked', async () => {
    const { concertId, scheduleId, seatIds } = await ofEveryKind();
    const statuses = ['HELD', 'SOLD', 'BLOCKED', 'AVAILABLE', 'AVAILABLE', 'AVAILABLE'];
    const { body } = await get(`concerts/${concertId}/schedules/${scheduleId}/seats?status=all`);
    expect(body.items.map(({ status }: { status: string }) => status)).toEqual(statuses);
    const { body: seen } = await get(`schedules/${scheduleId}/seats`);
    expect(seen.items.map(({ status }: { status: string }) => status)).toEqual(statuses);
    expect(seen.items[2]).toEqual({
      seatId: seatIds[2],
      section: 'B',
      row: '1',
      number: 3,
      price: 1_000,
      currency: 'KRW',
      status: 'BLOCKED',
      reason: 'sound desk',
    });
  });

  it('list one section', async () => {
    const { concertId, scheduleId } = await database.aShow([
      { section: 'B "left"', rows: 1, seatsPerRow: 1, price: 2 },
      { section: 'A', rows: 11, seatsPerRow: 2, price: 1 },
    ]);
    const path = `concerts/${concertId}/schedules/${scheduleId}/seats`;
    expect((await get(`${path}?section=${encodeURIComponent('B "left"')}`)).body.items).toMatchObject([{ price: 2 }]);
    const ofA = (await get(`${path}?section=A`)).body.items as { row: string; number: number }[];
    expect(ofA.map(({ row, number }) => `${row}-${number}`).slice(0, 4)).toEqual(['1-1', '1-2', '2-1', '2-2']);
    expect(ofA.at(-1)).toMatchObject({ row: '11', number: 2 });
    expect((await get(`${path}?section=C`)).body.items).toEqual([]);
  });

  it('find nothing where nothing is', async () => {
    const [one, other] = [await database.aShow(), await database.aShow()];
    const nowhere = uuidv7();
    const answers: [path: string, code: string][] = [
      [`concerts/${nowhere}`, 'CONCERT_NOT_FOUND'],
      [`concerts/${nowhere}/schedules`, 'CONCERT_NOT_FOUND'],
      [`concerts/${one.concertId}/schedules/${other.scheduleId}/seats`, 'SCHEDULE_NOT_FOUND'],
      [`concerts/${nowhere}/schedules/${one.scheduleId}/seats`, 'SCHEDULE_NOT_FOUND'],
      [`schedules/${nowhere}/seats`, 'SCHEDULE_NOT_FOUND'],
    ];
    for (const [path, code] of answers) expect(await get(path)).toMatchObject({ status: 404, body: { code } });
    await database.handle([aConcert(nowhere)]);
    expect(await get(`concerts/${nowhere}/schedules`)).toMatchObject({ status: 200, body: { items: [] } });
  });

  it.each([
    'concerts/x',
    'concerts?limit=0',
    'concerts?limit=101',
    'concerts?limit=1e1',
    'concerts?limit=1&limit=2',
    'concerts?cursor=x',
    'concerts?cursor=WyJub3ciLCJoZXJlIl0',
    'concerts/x/schedules',
    `concerts/${uuidv7()}/schedules/x/seats`,
    `concerts/${uuidv7()}/schedules/${uuidv7()}/seats?status=free`,
    `concerts/${uuidv7()}/schedules/${uuidv7()}/seats?section=`,
    'schedules/x/seats',
  ])('refuse %s', async (path) => {
    expect(await get(path)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });
});
