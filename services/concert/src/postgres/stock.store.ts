import type { concert } from '#contracts';
import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';

/** A schedule's seats are counted at most so often: 100,000 sold ones take 60 ms, half of it once they are vacuumed. */
export const countSpacingMs = 500;

/** And at least so often while its show is ahead, should a count have been lost on the way. */
const countAgainMs = 3_600_000;

/** Most schedules that one run of the timer has counted. */
export const countPage = 1_000;

/** Which schedules are to be counted, and what the rows then say. Nothing keeps a count that could differ from the rows. */
@Injectable()
export class StockStore {
  /** Notes that other seats are sold or blocked than were counted. @returns whether any of them was not noted already */
  async note(scheduleIds: readonly string[], tx: Transaction): Promise<boolean> {
    if (scheduleIds.length === 0) return false;
    const noted = await tx.query(
      `insert into stock (schedule_id, due)
       select schedule_id, true from unnest($1::uuid[]) as sold (schedule_id) order by schedule_id
       on conflict (schedule_id) do update set due = true where not stock.due
       returning schedule_id`,
      [scheduleIds],
    );
    return noted.length > 0;
  }

  /**
   * Counts what is left. The rows are locked by a statement before the one that counts, so that of two counts the one with
   * the higher version has seen all that the other has.
   */
  async count(scheduleIds: readonly string[], tx: Transaction): Promise<concert.SeatsCounted[]> {
    if (scheduleIds.length === 0) return [];
    const versions = await tx.query<{ schedule_id: string; version: number }>(
      `insert into stock (schedule_id, due, version)
       select id, false, 1 from schedule where id = any($1) order by id
       on conflict (schedule_id) do update set version = stock.version + 1
       returning schedule_id, version`,
      [scheduleIds],
    );
    return tx.query<concert.SeatsCounted & Record<string, unknown>>(countSeats, [
      versions.map(({ schedule_id }) => schedule_id),
      versions.map(({ version }) => version),
    ]);
  }

  /**
   * Schedules to be counted now. What is noted from here on is for the next count. Rows that a batch holds are left for the
   * next look: the batch may be about to wake this timer, whose row is locked here.
   */
  async claimCounts(tx: Transaction): Promise<string[]> {
    const before = (ms: number) => new Date(tx.now.getTime() - ms);
    const rows = await tx.query<{ schedule_id: string }>(
      `with claimed as materialized (
         select schedule_id from stock join schedule on schedule.id = schedule_id
         where due and (asked_at is null or asked_at <= $2) or asked_at <= $3 and starts_at > $1
         order by schedule_id limit $4 for update of stock skip locked
       )
       update stock set due = false, asked_at = $1 from claimed where stock.schedule_id = claimed.schedule_id
       returning stock.schedule_id`,
      [tx.now, before(countSpacingMs), before(countAgainMs), countPage],
    );
    return rows.map(({ schedule_id }) => schedule_id);
  }

  async someDue(tx: Transaction): Promise<boolean> {
    const [row] = await tx.query<{ some: boolean }>('select exists (select from stock where due) as some');
    return row!.some;
  }
}

const countSeats = `
  select schedule.concert_id as "concertId", schedule.id as "scheduleId", counted.version,
         schedule.seats_total - blocked.seats - sold.seats as "seatsLeft", sold.seats as "seatsSold", sold.buyers
    from unnest($1::uuid[], $2::int[]) as counted (schedule_id, version)
    join schedule on schedule.id = counted.schedule_id
   cross join lateral (
     select count(*)::int as seats from seat where seat.schedule_id = schedule.id and seat.blocked) as blocked
   cross join lateral (
     select count(*)::int as seats, count(distinct user_id)::int as buyers
       from claim
      where claim.schedule_id = schedule.id and claim.ended_at is null and claim.status = 'SOLD') as sold`;
