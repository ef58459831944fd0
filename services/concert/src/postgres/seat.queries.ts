import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

export interface SeatMap {
  readonly scheduleId: string;
  /** The database's clock when the seats were looked at. */
  readonly asOf: Date;
  /** The seats as a JSON array, in the order of sections and positions. */
  readonly itemsJson: string;
}

/**
 * What is told of seats: `available`, only those that can be taken now; `all`, each with its status; `organizer`, with
 * its status and why it is blocked.
 */
export type SeatView = 'available' | 'all' | 'organizer';

export interface SeatFilter {
  readonly view: SeatView;
  readonly section?: string;
  /** The concert that the schedule must be of. */
  readonly concertId?: string;
}

/** The seats of one schedule as they are right now. */
@Injectable()
export class SeatQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** Undefined when there is no such schedule, or it is not the concert's. `currency` is that of the prices. */
  async seatMap(scheduleId: string, currency: string, filter: SeatFilter): Promise<SeatMap | undefined> {
    const { concertId, section, view } = filter;
    const [schedule] = await this.dataSource.query<{ asOf: Date }[]>(findSchedule, [scheduleId, concertId ?? null]);
    if (!schedule) return undefined;
    const { asOf } = schedule;
    const values = [scheduleId, currency, asOf, section ?? null];
    const [seats] = await this.dataSource.transaction(async (manager) => {
      // A join is planned by what is known of claims, which in the first minute of a sale is nothing: the planner would
      // read all claims once per seat. Without that choice it hashes them once, however many there are.
      await manager.query('set local enable_nestloop = off');
      return manager.query<[{ items: string }]>(listSeats[view], values);
    });
    return { scheduleId, asOf, itemsJson: seats.items };
  }
}

const findSchedule = `
  select now()::timestamptz(3) as "asOf" from schedule where id = $1 and ($2::uuid is null or concert_id = $2)`;

// The database writes the JSON: as rows, 100,000 seats would keep this process, which also takes the holds, busy for a
// third of a second (with the text 80 ms).
const seatsAs = (columns: string, condition = 'true') => `
  select coalesce(json_agg(listed)::text, '[]') as items
    from (
      select seat.id as "seatId", seat.section, seat.row_name as row, seat.number, seat.price,
             $2::text as currency${columns}
        from seat
        left join claim as taken
          on taken.seat_id = seat.id and taken.schedule_id = $1 and taken.ended_at is null
         and (taken.status = 'SOLD' or taken.held_until > $3)
       where seat.schedule_id = $1 and ($4::text is null or seat.section = $4) and ${condition}
       order by seat.section, seat.position) as listed`;

const status = `, case when seat.blocked then 'BLOCKED' else coalesce(taken.status, 'AVAILABLE') end as status`;

const listSeats: Readonly<Record<SeatView, string>> = {
  available: seatsAs('', 'not seat.blocked and taken.status is null'),
  all: seatsAs(status),
  organizer: seatsAs(`${status}, seat.block_reason as reason`),
};
