import { Injectable } from '@nestjs/common';
import { DataSource, In } from 'typeorm';
import { ConcertRow, ScheduleRow } from './entities.js';

/** A place in the list of concerts, newest first. */
export interface ConcertPosition {
  readonly createdAt: Date;
  readonly id: string;
}

export interface ConcertWithDates {
  readonly concert: ConcertRow;
  /** Soonest first. */
  readonly dates: readonly ScheduleRow[];
}

export interface ScheduleWithSeats {
  readonly scheduleId: string;
  readonly concertId: string;
  readonly startsAt: Date;
  readonly seatsTotal: number;
  readonly seatsAvailable: number;
}

/** What everybody may read of concerts and dates. */
@Injectable()
export class CatalogueQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** At most `limit` concerts that come after `after`, each with its dates. */
  async newestConcerts(limit: number, after?: ConcertPosition): Promise<ConcertWithDates[]> {
    const page = this.dataSource
      .getRepository(ConcertRow)
      .createQueryBuilder('concert')
      .orderBy({ 'concert.createdAt': 'DESC', 'concert.id': 'DESC' })
      .limit(limit);
    if (after) page.where('(concert.created_at, concert.id) < (:createdAt, :id)', { ...after });
    return this.withDates(await page.getMany());
  }

  async concert(id: string): Promise<ConcertWithDates | undefined> {
    const found = await this.dataSource.getRepository(ConcertRow).findBy({ id });
    return (await this.withDates(found))[0];
  }

  /** Dates that have seats left right now, soonest first; undefined when there is no such concert. */
  async schedulesWithSeats(concertId: string): Promise<ScheduleWithSeats[] | undefined> {
    const schedules = await this.dataSource.query<ScheduleWithSeats[]>(countSeats, [concertId]);
    if (schedules.length === 0) {
      const exists = await this.dataSource.getRepository(ConcertRow).existsBy({ id: concertId });
      if (!exists) return undefined;
    }
    return schedules.filter(({ seatsAvailable }) => seatsAvailable > 0);
  }

  private async withDates(concerts: readonly ConcertRow[]): Promise<ConcertWithDates[]> {
    if (concerts.length === 0) return [];
    const dates = await this.dataSource.getRepository(ScheduleRow).find({
      where: { concertId: In(concerts.map(({ id }) => id)) },
      order: { startsAt: 'ASC', id: 'ASC' },
    });
    const datesOf = new Map<string, ScheduleRow[]>(concerts.map(({ id }) => [id, []]));
    for (const date of dates) datesOf.get(date.concertId)?.push(date);
    return concerts.map((concert) => ({ concert, dates: datesOf.get(concert.id) ?? [] }));
  }
}

// Counted at read time, without a counter that every hold would have to write. Blocked seats have no live claims, so the
// two counts never overlap; the one of claims can be read off claim_live_buyer alone.
const countSeats = `
  with blocked as (
    select seat.schedule_id, count(*)::int as seats
      from schedule join seat on seat.schedule_id = schedule.id and seat.blocked
     where schedule.concert_id = $1
     group by seat.schedule_id
  ), taken as (
    select claim.schedule_id, count(*)::int as seats
      from schedule join claim on claim.schedule_id = schedule.id and claim.ended_at is null
     where schedule.concert_id = $1 and (claim.status = 'SOLD' or claim.held_until > now())
     group by claim.schedule_id
  )
  select schedule.id as "scheduleId", schedule.concert_id as "concertId", schedule.starts_at as "startsAt",
         schedule.seats_total as "seatsTotal",
         schedule.seats_total - coalesce(blocked.seats, 0) - coalesce(taken.seats, 0) as "seatsAvailable"
    from schedule
    left join blocked on blocked.schedule_id = schedule.id
    left join taken on taken.schedule_id = schedule.id
   where schedule.concert_id = $1
   order by schedule.starts_at, schedule.id`;
