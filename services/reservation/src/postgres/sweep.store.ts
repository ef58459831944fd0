import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';

/** The sweep's reading of reservations whose hold has ended. */
@Injectable()
export class SweepStore {
  /**
   * The next page of unpaid reservations past their end, in the order of their ends; empty or short at the end of a round,
   * after which the next round starts from the front.
   *
   * The place reached is a row, under the lock of the timer that reads it: a second page asked for at once does not find the
   * first one again while its commands are on their way, and no reservation is locked or written to only to be found.
   */
  async nextPage(sweep: string, limit: number, tx: Transaction): Promise<string[]> {
    const found = await tx.query<{ reservationId: string; expiresAt: Date }>(
      `select reservation_id as "reservationId", expires_at as "expiresAt"
       from reservation
       where status = 'WAITING' and expires_at <= $1
         and (expires_at, reservation_id) > (
           coalesce((select expires_at from sweep where name = $2), '-infinity'),
           coalesce((select reservation_id from sweep where name = $2), '00000000-0000-0000-0000-000000000000')
         )
       order by expires_at, reservation_id
       limit $3`,
      [tx.now, sweep, limit],
    );
    const last = found.length === limit ? found.at(-1) : undefined;
    await tx.query(
      `insert into sweep (name, expires_at, reservation_id) values ($1, $2, $3)
       on conflict (name) do update set expires_at = excluded.expires_at, reservation_id = excluded.reservation_id`,
      [sweep, last?.expiresAt ?? null, last?.reservationId ?? null],
    );
    return found.map(({ reservationId }) => reservationId);
  }
}
