import { Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import type { Transaction } from '#messaging';
import { type PurgeablePlace, purgePage } from '../domain/purge.js';
import { after, keptMs, type QueueRules } from '../domain/rules.js';
import { countedPlaces } from './funnel.js';
import { classesOf, deadLineOf, type WaitingRoom } from '../domain/waiting-room.js';
import { firstKeptNumber } from './snapshot.store.js';

@Injectable()
export class PurgeStore {
  /**
   * Finished rows that no verdict needs any more, one page and one row: whatever lies before the ranges that snapshots
   * keep, and, anywhere, numbers that died without a pass: a tick passes over a number without a row as it does over a
   * dead one. Spent and left numbers in and after the kept ranges stay, and so do all passes in them.
   */
  async find(
    rooms: readonly WaitingRoom[],
    now: Date,
    rules: QueueRules,
    tx: Transaction,
  ): Promise<Map<string, PurgeablePlace[]>> {
    if (rooms.length === 0) return new Map();
    const asked = rooms.flatMap((room) => classesOf(room).map((numbers) => ({ room, numbers })));
    const rows = await tx.query<{ concert_id: string; generation: number; queue_number: number }>(findQuery, [
      asked.map(({ room }) => room.concertId),
      asked.map(({ room }) => room.generation),
      asked.map(({ numbers }) => numbers.servingNumber),
      asked.map(({ room }) => deadLineOf(room, now)),
      asked.map(() => after(now, -keptMs(rules))),
      purgePage + 1,
      asked.map(({ numbers }) => numbers.index),
      asked.map(({ numbers }) => queue.numberBefore(numbers.index)),
    ]);
    const found = new Map<string, PurgeablePlace[]>(rooms.map((room) => [room.concertId, []]));
    for (const row of rows) {
      found.get(row.concert_id)!.push({ generation: row.generation, queueNumber: row.queue_number });
    }
    return found;
  }

  /** Deletes the rows, and adds what became of them to the funnel. */
  async remove(
    purges: readonly { concertId: string; doomed: readonly PurgeablePlace[] }[],
    tx: Transaction,
  ): Promise<void> {
    const doomed = purges.flatMap(({ concertId, doomed }) => doomed.map((place) => ({ concertId, ...place })));
    if (doomed.length === 0) return;
    await tx.query(
      `with doomed as materialized (
         select * from unnest($1::uuid[], $2::int[], $3::int[]) as doomed (concert_id, generation, queue_number)
         join judged_place using (concert_id, generation, queue_number)
       ), gone as (
         delete from place using doomed where place.token_id = doomed.token_id
       )
       insert into funnel (concert_id, hour, outcome, wait_step, error_step, places) ${countedPlaces('doomed', '$4::timestamptz')}
       on conflict (concert_id, hour, outcome, wait_step, error_step) do update set places = funnel.places + excluded.places`,
      [
        doomed.map(({ concertId }) => concertId),
        doomed.map(({ generation }) => generation),
        doomed.map(({ queueNumber }) => queueNumber),
        tx.now,
      ],
    );
  }
}

/** Registrations are everybody's. */
const inOrAfterKept = `(queue_number < 0 and asked.class = 0
       or queue_number between kept.first_number and asked.before + ${queue.classSpan})`;

const findQuery = `
  select asked.concert_id, found.generation, found.queue_number
  from unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::timestamptz[], $7::int[], $8::int[])
    as asked (concert_id, generation, serving, dead_line, kept_since, class, before)
  cross join lateral (select ${firstKeptNumber} as first_number) kept
  cross join lateral (
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation < asked.generation and asked.class = 0
     order by generation, queue_number limit $6)
    union all
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation = asked.generation
       and queue_number between asked.before + 1 and kept.first_number - 1
     order by queue_number limit $6)
    union all
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation = asked.generation
       and ${inOrAfterKept} and status = 'EXPIRED' and activated_at is null
     order by queue_number limit $6)
    union all
    (select place.generation, queue_number from activation_log log
     join place on place.concert_id = log.concert_id and place.generation = log.generation and place.status = 'WAITING'
       and place.queue_number between log.from_number and log.to_number and place.lease_until <= log.dead_line
     where log.concert_id = asked.concert_id and log.generation = asked.generation and log.class = asked.class
       and log.to_number >= kept.first_number and log.to_number >= log.from_number and log.passed_over > 0
     limit $6)
    union all
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation = asked.generation
       and (queue_number < 0 and asked.class = 0
            or queue_number between asked.serving + 1 and asked.before + ${queue.classSpan})
       and status = 'WAITING' and lease_until <= asked.dead_line
     order by queue_number limit $6)
    limit $6
  ) found`;
