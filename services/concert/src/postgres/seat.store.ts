import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import type { Seat } from '../domain/seat.js';

interface SeatRow {
  id: string;
  schedule_id: string;
  section: string;
  row_name: string;
  number: number;
  price: bigint;
  blocked: boolean;
  block_reason: string | null;
}

@Injectable()
export class SeatStore {
  /**
   * Locks and reads seats: those asked for, and those that the reservations have live claims on. Locked in id order
   * whichever way they were found, so that two batches that meet (a zombie's and its successor's) cannot deadlock.
   */
  async lock(seatIds: readonly string[], reservationIds: readonly string[], tx: Transaction): Promise<Seat[]> {
    if (seatIds.length + reservationIds.length === 0) return [];
    const rows = await tx.query<SeatRow>(lockSeats, [seatIds, reservationIds]);
    return rows.map(({ schedule_id, row_name, block_reason, ...same }) => ({
      ...same,
      scheduleId: schedule_id,
      row: row_name,
      blockReason: block_reason,
    }));
  }

  async saveBlocked(seats: readonly Seat[], tx: Transaction): Promise<void> {
    if (seats.length === 0) return;
    const columns = [
      seats.map(({ id }) => id),
      seats.map(({ blocked }) => blocked),
      seats.map(({ blockReason }) => blockReason),
    ];
    await tx.query(updateBlocked, columns);
  }
}

// Look-ups by key put together (one "or" over both would read the whole table); "offset 0" keeps the second one a loop over
// its reservations, whatever the planner knows of claims.
const lockSeats = `
  select id, schedule_id, section, row_name, number, price, blocked, block_reason
    from seat
   where id in (select unnest($1::uuid[])
                 union
                select held.seat_id from unnest($2::uuid[]) as wanted (reservation_id), lateral (
                  select seat_id from claim
                   where reservation_id = wanted.reservation_id and ended_at is null offset 0) as held)
   order by id
     for update`;

const updateBlocked = `
  update seat set blocked = changed.blocked, block_reason = changed.block_reason
    from unnest($1::uuid[], $2::boolean[], $3::text[]) as changed (id, blocked, block_reason)
   where seat.id = changed.id`;
