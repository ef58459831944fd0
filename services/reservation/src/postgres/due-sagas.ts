import type { Transaction } from '#messaging';
import type { QueryResultRow } from 'pg';

/** A command that was sent for a due saga and got lost on the way is sent again after this, ms. */
const CLAIMED_FOR_MS = 10_000;

/**
 * Sagas whose next look is due, oldest first; they are put off so that the next run does not find them again while their
 * check is on its way. Locks saga rows alone, and passes over those a batch holds, so it can wait for nobody; the check
 * itself, under the reservation's lock, sets the time that holds.
 */
export function claimDueSagas<Row extends QueryResultRow>(
  saga: { readonly table: 'payment' | 'cancellation'; readonly key: string; readonly returned: string },
  limit: number,
  tx: Transaction,
): Promise<Row[]> {
  const { table, key, returned } = saga;
  return tx.query<Row>(
    `with due as (
       select ${key} from ${table}
       where finished_at is null and next_check_at <= $1
       order by next_check_at
       limit $2
       for update skip locked
     )
     update ${table} saga set next_check_at = $3
     from due
     where saga.${key} = due.${key}
     returning ${returned}`,
    [tx.now, limit, new Date(tx.now.getTime() + CLAIMED_FOR_MS)],
  );
}
