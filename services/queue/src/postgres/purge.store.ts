import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import { type PurgeablePlace, purgePage } from '../domain/purge.js';
import { after, keptMs, type QueueRules } from '../domain/rules.js';
import { deadLineOf, type WaitingRoom } from '../domain/waiting-room.js';
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
    const rows = await tx.query<{ concert_id: string; generation: number; queue_number: number }>(findQuery, [
      rooms.map((room) => room.concertId),
      rooms.map((room) => room.generation),
      rooms.map((room) => room.servingNumber),
      rooms.map((room) => deadLineOf(room, now)),
      rooms.map(() => after(now, -keptMs(rules))),
      purgePage + 1,
    ]);
    const found = new Map<string, PurgeablePlace[]>(rooms.map((room) => [room.concertId, []]));
    for (const row of rows) {
      found.get(row.concert_id)!.push({ generation: row.generation, queueNumber: row.queue_number });
    }
    return found;
  }

  async remove(
    purges: readonly { concertId: string; doomed: readonly PurgeablePlace[] }[],
    tx: Transaction,
  ): Promise<void> {
    const doomed = purges.flatMap(({ concertId, doomed }) => doomed.map((place) => ({ concertId, ...place })));
    if (doomed.length === 0) return;
    await tx.query(
      `delete from place
       using unnest($1::uuid[], $2::int[], $3::int[]) as doomed (concert_id, generation, queue_number)
       where place.concert_id = doomed.concert_id and place.generation = doomed.generation
         and place.queue_number = doomed.queue_number`,
      [
        doomed.map(({ concertId }) => concertId),
        doomed.map(({ generation }) => generation),
        doomed.map(({ queueNumber }) => queueNumber),
      ],
    );
  }
}

const findQuery = `
  select asked.concert_id, found.generation, found.queue_number
  from unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::timestamptz[])
    as asked (concert_id, generation, serving, dead_line, kept_since)
  cross join lateral (select ${firstKeptNumber} as first_number) kept
  cross join lateral (
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation < asked.generation
     order by generation, queue_number limit $6)
    union all
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation = asked.generation
       and queue_number < kept.first_number
     order by queue_number limit $6)
    union all
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation = asked.generation
       and queue_number >= kept.first_number and status = 'EXPIRED' and activated_at is null
     order by queue_number limit $6)
    union all
    (select generation, queue_number from place
     where place.concert_id = asked.concert_id and place.generation = asked.generation
       and queue_number >= kept.first_number and status = 'WAITING' and lease_until <= asked.dead_line
     order by queue_number limit $6)
    limit $6
  ) found`;
