import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import { after, longLine, snapshotSpacingMs } from '../domain/rules.js';

/** Most rooms that one run of a timer claims. */
export const timerPage = 1_000;

/** A tick that has not come for so long is sent again: it may be lost with its topic, or parked. One that comes twice does nothing. */
export const tickLostMs = 10_000;

/** The spacing of a held-back snapshot (`spacingMs`) after the last one, with its three figures from parameter `first` on. */
const heldBackUntil = (first: number) =>
  `snapshot_at + interval '1 millisecond' * $${first}::int *
     least(1 + (greatest(registered, last_number) - serving_number) / $${first + 1}::int, $${first + 2}::int)`;

/**
 * What the timers look for. A room is claimed by an update of its row, so that its due time is used once; rows are locked
 * in key order, as batches lock them.
 */
@Injectable()
export class TimerStore {
  async claimTicks(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ concert_id: string }>(
      `with due as materialized (
         select concert_id from waiting_room
         where next_tick_at <= $1
           and (tick_sent_for is distinct from next_tick_at or coalesce(tick_sent_at, '-infinity') <= $3)
         order by concert_id limit $2 for update
       )
       update waiting_room room set tick_sent_for = room.next_tick_at, tick_sent_at = $1 from due
       where room.concert_id = due.concert_id
       returning room.concert_id`,
      [tx.now, timerPage, after(tx.now, -tickLostMs)],
    );
    return rows.map((row) => row.concert_id);
  }

  /** The earliest due time that no command was sent for; null when there is none. */
  async nextTick(tx: Transaction): Promise<Date | null> {
    const [row] = await tx.query<{ next: Date | null }>(
      'select min(next_tick_at) as next from waiting_room where tick_sent_for is distinct from next_tick_at',
    );
    return row!.next;
  }

  /**
   * Held-back snapshots whose room's spacing (`spacingMs`) is over. Rooms that a batch holds are left for the next look: the
   * batch may be about to wake this timer, whose row is locked here.
   */
  async claimSnapshots(tx: Transaction): Promise<string[]> {
    const rows = await tx.query<{ concert_id: string }>(
      `with due as materialized (
         select concert_id from waiting_room
         where snapshot_due and ${heldBackUntil(3)} <= $1::timestamptz
         order by concert_id limit $2 for update skip locked
       )
       update waiting_room room set snapshot_due = false from due
       where room.concert_id = due.concert_id
       returning room.concert_id`,
      [tx.now, timerPage, snapshotSpacingMs, longLine.numbers, longLine.mostTimes],
    );
    return rows.map((row) => row.concert_id);
  }

  /** When the first held-back snapshot may go out; null when none is held back. */
  async nextSnapshot(tx: Transaction): Promise<Date | null> {
    const [row] = await tx.query<{ next: Date | null }>(
      `select min(${heldBackUntil(1)}) as next from waiting_room where snapshot_due`,
      [snapshotSpacingMs, longLine.numbers, longLine.mostTimes],
    );
    return row!.next;
  }

  async claimPurges(purgedBefore: Date, tx: Transaction): Promise<{ concertId: string; hasPlaces: boolean }[]> {
    const rows = await tx.query<{ concert_id: string; has_places: boolean }>(
      `with due as materialized (
         select concert_id from waiting_room where purged_at <= $1 order by concert_id limit $3 for update
       )
       update waiting_room room set purged_at = $2 from due
       where room.concert_id = due.concert_id
       returning room.concert_id,
         exists (select from place where place.concert_id = room.concert_id) as has_places`,
      [purgedBefore, tx.now, timerPage],
    );
    return rows.map((row) => ({ concertId: row.concert_id, hasPlaces: row.has_places }));
  }
}
