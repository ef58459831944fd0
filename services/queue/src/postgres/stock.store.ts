import type { concert } from '#contracts';
import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { columnsOf } from './columns.js';

/** What the concert service counted of each schedule, whether or not its concert has a room yet. */
@Injectable()
export class StockStore {
  /** Keeps the newest count of each schedule: an older one that comes late, or again, changes nothing. */
  async keep(counts: readonly concert.SeatsCounted[], tx: Transaction): Promise<void> {
    if (counts.length === 0) return;
    const column = columnsOf(counts);
    await tx.query(
      `insert into stock (schedule_id, concert_id, version, seats_left, seats_sold, buyers)
       select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::int[], $6::int[])
         as counted (schedule_id, concert_id, version, seats_left, seats_sold, buyers)
       order by schedule_id
       on conflict (schedule_id) do update
       set version = excluded.version, seats_left = excluded.seats_left, seats_sold = excluded.seats_sold,
           buyers = excluded.buyers
       where stock.version < excluded.version`,
      [
        column('scheduleId'),
        column('concertId'),
        column('version'),
        column('seatsLeft'),
        column('seatsSold'),
        column('buyers'),
      ],
    );
  }
}
