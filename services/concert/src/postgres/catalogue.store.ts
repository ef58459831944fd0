import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Concert } from '../domain/concert.js';
import type { PlacedBlock, Schedule } from '../domain/schedule.js';
import type { SeatInventory } from '../domain/seat-inventory.js';

interface CatalogueRow {
  id: string;
  title: string;
  artist: string | null;
  venue: string | null;
  time_zone: string;
  sales_open_at: Date | null;
  sales_close_at: Date | null;
  schedules: number;
  schedule_id: string | null;
  starts_at: Date;
  seats_total: number;
}

/** Concerts, schedules and the making of their seats. */
@Injectable()
export class CatalogueStore {
  /**
   * The schedules with their concerts, and the concerts asked for by id. Unlocked, since neither ever changes; so the
   * count of a concert's dates is exact but for dates made at the same moment in other partitions.
   */
  async find(
    concertIds: readonly string[],
    scheduleIds: readonly string[],
    tx: Transaction,
  ): Promise<{ concerts: (Concert & { schedules: number })[]; schedules: Schedule[] }> {
    if (concertIds.length + scheduleIds.length === 0) return { concerts: [], schedules: [] };
    const rows = await tx.query<CatalogueRow>(findCatalogue, [concertIds, scheduleIds]);
    const concerts = new Map(rows.map((row) => [row.id, concertOf(row)]));
    return { concerts: [...concerts.values()], schedules: rows.flatMap(scheduleOf) };
  }

  /** New concerts, schedules and all their seats in one statement: the store makes up to 100,000 rows from a few blocks. */
  async insert({ newConcerts, newSchedules, newBlocks }: SeatInventory, tx: Transaction): Promise<void> {
    if (newConcerts.length + newSchedules.length === 0) return;
    await tx.query(insertCatalogue, [
      ...concertColumns(newConcerts),
      ...scheduleColumns(newSchedules),
      ...blockColumns(newBlocks),
      tx.now,
    ]);
  }
}

function concertOf(row: CatalogueRow): Concert & { schedules: number } {
  const { id, title, artist, venue, time_zone, sales_open_at, sales_close_at, schedules } = row;
  const sales = { salesOpenAt: sales_open_at, salesCloseAt: sales_close_at };
  return { id, title, artist, venue, timeZone: time_zone, ...sales, schedules };
}

function scheduleOf({ id, schedule_id, starts_at, seats_total }: CatalogueRow): Schedule[] {
  return schedule_id === null ? [] : [{ id: schedule_id, concertId: id, startsAt: starts_at, seatsTotal: seats_total }];
}

const concertColumns = (concerts: readonly Concert[]) => [
  concerts.map(({ id }) => id),
  concerts.map(({ title }) => title),
  concerts.map(({ artist }) => artist),
  concerts.map(({ venue }) => venue),
  concerts.map(({ timeZone }) => timeZone),
  concerts.map(({ salesOpenAt }) => salesOpenAt),
  concerts.map(({ salesCloseAt }) => salesCloseAt),
];

const scheduleColumns = (schedules: readonly Schedule[]) => [
  schedules.map(({ id }) => id),
  schedules.map(({ concertId }) => concertId),
  schedules.map(({ startsAt }) => startsAt),
  schedules.map(({ seatsTotal }) => seatsTotal),
];

const blockColumns = (blocks: readonly PlacedBlock[]) => [
  blocks.map(({ scheduleId }) => scheduleId),
  blocks.map(({ section }) => section),
  blocks.map(({ firstRow }) => firstRow),
  blocks.map(({ firstPosition }) => firstPosition),
  blocks.map(({ rows }) => rows),
  blocks.map(({ seatsPerRow }) => seatsPerRow),
  blocks.map(({ price }) => price),
];

const findCatalogue = `
  select concert.id, concert.title, concert.artist, concert.venue, concert.time_zone,
         concert.sales_open_at, concert.sales_close_at,
         (select count(*)::int from schedule every where every.concert_id = any($1) and every.concert_id = concert.id) as schedules,
         schedule.id as schedule_id, schedule.starts_at, schedule.seats_total
    from concert
    left join schedule on schedule.concert_id = concert.id and schedule.id = any($2)
   where concert.id in (select unnest($1::uuid[]) union select concert_id from schedule where id = any($2))`;

const insertCatalogue = `
  with new_concert as (
    insert into concert (id, title, artist, venue, time_zone, sales_open_at, sales_close_at, created_at)
    select *, $19::timestamptz
      from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
  ), new_schedule as (
    insert into schedule (id, concert_id, starts_at, seats_total, created_at)
    select *, $19::timestamptz from unnest($8::uuid[], $9::uuid[], $10::timestamptz[], $11::int[])
  )
  insert into seat (id, schedule_id, position, section, row_name, number, price)
  select gen_random_uuid(), block.schedule_id,
         block.first_position + (row_index - 1) * block.seats_per_row + seat_index - 1,
         block.section, (block.first_row + row_index - 1)::text, seat_index, block.price
    from unnest($12::uuid[], $13::text[], $14::int[], $15::int[], $16::int[], $17::int[], $18::bigint[])
           as block (schedule_id, section, first_row, first_position, rows, seats_per_row, price),
         generate_series(1, block.rows) as row_index,
         generate_series(1, block.seats_per_row) as seat_index`;
