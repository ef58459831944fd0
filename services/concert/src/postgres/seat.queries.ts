import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { SeatStatus } from '../domain/seat.js';

export interface SeatMap {
  readonly scheduleId: string;
  readonly concertId: string;
  /** The database's clock when the seats were looked at. */
  readonly asOf: Date;
  readonly seats: readonly ListedSeat[];
}

export interface ListedSeat {
  readonly seatId: string;
  readonly section: string;
  readonly row: string;
  readonly number: number;
  /** Minor units, at most 10^15. */
  readonly price: number;
  readonly status: SeatStatus;
  /** Why it is blocked. */
  readonly reason: string | null;
}

export interface SeatFilter {
  readonly section?: string;
  /** Leave out what nobody can take now. */
  readonly availableOnly: boolean;
}

/** The seats of one schedule as they are right now. */
@Injectable()
export class SeatQueries {
  constructor(private readonly dataSource: DataSource) {}

  /** Undefined when there is no such schedule, or it is not the given concert's. */
  async seatMap(scheduleId: string, filter: SeatFilter, concertId?: string): Promise<SeatMap | undefined> {
    const [schedule] = await this.dataSource.query<{ concertId: string; asOf: Date }[]>(findSchedule, [scheduleId]);
    if (!schedule || (concertId !== undefined && schedule.concertId !== concertId)) return undefined;
    const values = [scheduleId, schedule.asOf];
    const seats = await this.dataSource.query<ListedSeat[]>(
      listSeats(filter),
      filter.section === undefined ? values : [...values, filter.section],
    );
    return { scheduleId, ...schedule, seats };
  }
}

const findSchedule = `select concert_id as "concertId", now() as "asOf" from schedule where id = $1`;

// One clock for the answer's `asOf` and for every hold's end. Cast to float8, a price arrives as a number.
function listSeats({ section, availableOnly }: SeatFilter): string {
  return `
  select seat.id as "seatId", seat.section, seat.row_name as row, seat.number, seat.price::float8 as price,
         case when seat.blocked then 'BLOCKED' else coalesce(claim.status, 'AVAILABLE') end as status,
         seat.block_reason as reason
    from seat
    left join claim on claim.seat_id = seat.id and claim.schedule_id = seat.schedule_id and claim.ended_at is null
                   and (claim.status = 'SOLD' or claim.held_until > $2)
   where seat.schedule_id = $1
     ${section === undefined ? '' : 'and seat.section = $3'}
     ${availableOnly ? 'and not seat.blocked and claim.id is null' : ''}
   order by seat.section, seat.position`;
}
