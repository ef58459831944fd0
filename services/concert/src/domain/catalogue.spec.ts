import { describe, expect, it } from '@jest/globals';
import { aConcert, after, anId, anInventory, concertId, noon, scheduleId } from '../../test/concert.builders.js';
import { createConcert, createSchedule, type ScheduleRequest } from './catalogue.js';
import { placeBlocks, schedulesPerConcertMax, withinDateLimit, withinHouseSize } from './schedule.js';

const aBlock = { section: 'A', rows: 2, seatsPerRow: 3, price: 10_000n };
const aDate = (request: Partial<ScheduleRequest> = {}): ScheduleRequest => {
  return { scheduleId: anId(2), concertId, startsAt: noon, blocks: [aBlock], ...request };
};

describe('a concert', () => {
  it('enters the catalogue once', () => {
    const inventory = anInventory();
    const created = createConcert(inventory, aConcert({ id: anId(1) }));
    expect(createConcert(inventory, aConcert({ id: anId(1), title: 'again' }))).toBe(created);
    expect(inventory.newConcerts).toEqual([created]);
  });

  it('must not close its sales before they open', () => {
    const inventory = anInventory();
    const backwards = aConcert({ id: anId(1), salesOpenAt: noon, salesCloseAt: noon });
    expect(createConcert(inventory, backwards)).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(inventory.newConcerts).toEqual([]);
    expect(createConcert(inventory, { ...backwards, salesCloseAt: after(1) })).toMatchObject({ id: anId(1) });
  });
});

describe('a schedule', () => {
  it('has the seats of its blocks', () => {
    const inventory = anInventory();
    const blocks = [aBlock, { ...aBlock, section: 'B', rows: 10 }];
    expect(createSchedule(inventory, aDate({ blocks }))).toMatchObject({ id: anId(2), seatsTotal: 36 });
    expect(inventory.newBlocks).toHaveLength(2);
    expect(inventory.schedulesOf(concertId)).toBe(2);
  });

  it('may follow its concert in the same batch', () => {
    const inventory = anInventory({ concerts: [], schedules: [] });
    createConcert(inventory, aConcert());
    expect(createSchedule(inventory, aDate())).toMatchObject({ seatsTotal: 6 });
  });

  it('needs its concert', () => {
    expect(createSchedule(anInventory(), aDate({ concertId: anId(1) }))).toMatchObject({ code: 'CONCERT_NOT_FOUND' });
  });

  it('that is there already is left as it is', () => {
    const inventory = anInventory();
    expect(createSchedule(inventory, aDate({ scheduleId }))).toMatchObject({ seatsTotal: 10 });
    expect(inventory.newSchedules).toEqual([]);
  });

  it.each([
    [100, 1_000, null],
    [101, 1_000, { code: 'INVALID_REQUEST' }],
  ])('of %i rows of %i seats is answered with %j', (rows, seatsPerRow, no) => {
    const plan = { blocks: [{ ...aBlock, rows, seatsPerRow }], schedules: 0 };
    if (no) expect(withinHouseSize(plan)).toMatchObject(no);
    else expect(withinHouseSize(plan)).toBeNull();
  });

  it('with more seats than a batch may make sends the batch to be handled one by one', () => {
    const inventory = anInventory();
    const blocks = [{ ...aBlock, rows: 100, seatsPerRow: 1_000 }];
    for (const number of [11, 12, 13]) createSchedule(inventory, aDate({ scheduleId: anId(number), blocks }));
    expect(() => createSchedule(inventory, aDate())).toThrow('at most 300000 seats');
    expect(createSchedule(anInventory(), aDate({ blocks }))).toMatchObject({ seatsTotal: 100_000 });
  });

  it('is one of at most a thousand', () => {
    const plan = { blocks: [aBlock], schedules: schedulesPerConcertMax };
    expect(withinDateLimit(plan)).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(withinDateLimit({ ...plan, schedules: schedulesPerConcertMax - 1 })).toBeNull();
  });

  it('names rows from 1 in each section, going on where a section has a second block', () => {
    const blocks = [aBlock, { ...aBlock, section: 'B' }, { ...aBlock, rows: 4 }];
    const placed = placeBlocks(scheduleId, blocks).map(({ section, firstRow, firstPosition }) => [
      section,
      firstRow,
      firstPosition,
    ]);
    expect(placed).toEqual([
      ['A', 1, 1],
      ['B', 1, 7],
      ['A', 3, 13],
    ]);
  });
});
