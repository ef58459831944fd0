import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import type { DrawPage } from '../domain/line.js';
import type { Place, PlaceStatus } from '../domain/place.js';
import { columnsOf } from './columns.js';

interface PlaceRow {
  concert_id: string;
  generation: number;
  queue_number: number;
  registration: number | null;
  token_id: string;
  user_id: string;
  status: PlaceStatus;
  issued_at: Date;
  lease_until: Date;
  activated_at: Date | null;
  active_until: Date | null;
  arrived_at: Date | null;
  estimated_at: Date | null;
  finished_at: Date | null;
  /** What its own row says, where a tick has decided since. */
  saved_status: PlaceStatus;
}

export interface Found {
  readonly places: readonly Place[];
  /** Those of them that are not what their rows say, because a tick let them in or passed them over. */
  readonly judged: readonly Place[];
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
  async find({ joining, tokenIds }: Wanted, tx: Transaction): Promise<Found> {
    if (joining.length + tokenIds.length === 0) return { places: [], judged: [] };
    const column = columnsOf(joining);
    const rows = await tx.query<PlaceRow>(
      `select living.* from unnest($1::uuid[], $2::text[]) as joining (concert_id, user_id)
       cross join lateral (
         select * from judged_place place
         where place.concert_id = joining.concert_id and place.user_id = joining.user_id
           and saved_status in ('WAITING', 'ACTIVE')
         limit 1
       ) living
       union
       select * from judged_place where token_id = any($3::uuid[])`,
      [column('concertId'), column('userId'), tokenIds],
    );
    const found = rows.map((row) => ({ place: placeOf(row), isJudged: row.status !== row.saved_status }));
    return {
      places: found.map(({ place }) => place),
      judged: found.filter(({ isJudged }) => isJudged).map(({ place }) => place),
    };
  }

  /** Before `insert`: a place that ended makes room for the user's next one. */
  async update(places: readonly Place[], tx: Transaction): Promise<void> {
    if (places.length === 0) return;
    const column = columnsOf(places);
    await tx.query(
      `update place
       set status = new.status, lease_until = new.lease_until, activated_at = new.activated_at,
           active_until = new.active_until, finished_at = new.finished_at, arrived_at = new.arrived_at,
           estimated_at = new.estimated_at
       from unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[],
                   $8::timestamptz[], $9::timestamptz[], $10::timestamptz[])
         as new (concert_id, generation, queue_number, status, lease_until, activated_at, active_until, finished_at,
                 arrived_at, estimated_at)
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
        column('arrivedAt'),
        column('estimatedAt'),
      ],
    );
  }

  /** New places, with whatever the rest of the batch has made of them. */
  async insert(places: readonly Place[], tx: Transaction): Promise<void> {
    if (places.length === 0) return;
    const column = columnsOf(places);
    await tx.query(
      `insert into place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until,
                          activated_at, active_until, finished_at, registration, arrived_at, estimated_at)
       select * from unnest($1::uuid[], $2::int[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
                            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::int[], $13::timestamptz[],
                            $14::timestamptz[])`,
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
        column('registration'),
        column('arrivedAt'),
        column('estimatedAt'),
      ],
    );
  }

  /** After `update`, which finds them by their registrations: gives these places the numbers that were drawn for them. */
  async number(pages: readonly (DrawPage & { readonly concertId: string })[], tx: Transaction): Promise<void> {
    if (pages.length === 0) return;
    const column = columnsOf(pages);
    let before = 0;
    const firstIndex = pages.map(({ numbers }) => (before += numbers.length) - numbers.length + 1);
    await tx.query(
      `update place set queue_number = ($6::int[])[first_index - from_registration - queue_number]
       from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[])
         as page (concert_id, generation, from_registration, first_index, size)
       where place.concert_id = page.concert_id and place.generation = page.generation
         and queue_number between 1 - from_registration - size and -from_registration`,
      [
        column('concertId'),
        column('generation'),
        column('from'),
        firstIndex,
        pages.map(({ numbers }) => numbers.length),
        pages.flatMap(({ numbers }) => [...numbers]),
      ],
    );
  }
}

function placeOf(row: PlaceRow): Place {
  return {
    concertId: row.concert_id,
    generation: row.generation,
    queueNumber: row.queue_number,
    registration: row.registration,
    tokenId: row.token_id,
    userId: row.user_id,
    status: row.status,
    issuedAt: row.issued_at,
    leaseUntil: row.lease_until,
    activatedAt: row.activated_at,
    activeUntil: row.active_until,
    arrivedAt: row.arrived_at,
    estimatedAt: row.estimated_at,
    finishedAt: row.finished_at,
  };
}
