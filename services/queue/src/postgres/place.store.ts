import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import type { Place, PlaceStatus } from '../domain/place.js';
import { columnsOf } from './columns.js';

interface PlaceRow {
  concert_id: string;
  generation: number;
  queue_number: number;
  token_id: string;
  user_id: string;
  status: PlaceStatus;
  issued_at: Date;
  lease_until: Date;
  activated_at: Date | null;
  active_until: Date | null;
  finished_at: Date | null;
}

/** Whose places a batch touches: the ones of users who join, and the ones that messages name. */
export interface Wanted {
  readonly joining: readonly { readonly concertId: string; readonly userId: string }[];
  readonly tokenIds: readonly string[];
}

/** Rows are read and written under the lock of their room. */
@Injectable()
export class PlaceStore {
  /**
   * Finds by the index of living places and by that of tokens, however long the line is. \`limit 1\` keeps the planner on
   * the index while the table has no statistics yet: a join reads all of it (215 against 25 ms for 500 of 200,000).
   */
  async find({ joining, tokenIds }: Wanted, tx: Transaction): Promise<Place[]> {
    if (joining.length + tokenIds.length === 0) return [];
    const column = columnsOf(joining);
    const rows = await tx.query<PlaceRow>(
      `select living.* from unnest($1::uuid[], $2::text[]) as joining (concert_id, user_id)
       cross join lateral (
         select * from place
         where place.concert_id = joining.concert_id and place.user_id = joining.user_id
           and status in ('WAITING', 'ACTIVE')
         limit 1
       ) living
       union
       select * from place where token_id = any($3::uuid[])`,
      [column('concertId'), column('userId'), tokenIds],
    );
    return rows.map(placeOf);
  }

  /** Before `insert`: a place that ended makes room for the user's next one. */
  async update(places: readonly Place[], tx: Transaction): Promise<void> {
    if (places.length === 0) return;
    const column = columnsOf(places);
    await tx.query(
      `update place
       set status = new.status, lease_until = new.lease_until, activated_at = new.activated_at,
           active_until = new.active_until, finished_at = new.finished_at
       from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
                   $8::timestamptz[])
         as new (concert_id, generation, queue_number, status, lease_until, activated_at, active_until, finished_at)
       where place.concert_id = new.concert_id and place.generation = new.generation
         and place.queue_number = new.queue_number`,
      [
        column('concertId'),
        column('generation'),
        column('queueNumber'),
        column('status'),
        column('leaseUntil'),
        column('activatedAt'),
        column('activeUntil'),
        column('finishedAt'),
      ],
    );
  }

  /** New places, with whatever the rest of the batch has made of them. */
  async insert(places: readonly Place[], tx: Transaction): Promise<void> {
    if (places.length === 0) return;
    const column = columnsOf(places);
    await tx.query(
      `insert into place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until,
                          activated_at, active_until, finished_at)
       select * from unnest($1::uuid[], $2::int[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
                            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[])`,
      [
        column('concertId'),
        column('generation'),
        column('queueNumber'),
        column('tokenId'),
        column('userId'),
        column('status'),
        column('issuedAt'),
        column('leaseUntil'),
        column('activatedAt'),
        column('activeUntil'),
        column('finishedAt'),
      ],
    );
  }
}

function placeOf(row: PlaceRow): Place {
  return {
    concertId: row.concert_id,
    generation: row.generation,
    queueNumber: row.queue_number,
    tokenId: row.token_id,
    userId: row.user_id,
    status: row.status,
    issuedAt: row.issued_at,
    leaseUntil: row.lease_until,
    activatedAt: row.activated_at,
    activeUntil: row.active_until,
    finishedAt: row.finished_at,
  };
}
