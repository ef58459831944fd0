import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import { after, keptMs, type QueueRules } from '../domain/rules.js';
import { bucketCount, bucketSize, type KeptTick, type LineFacts } from '../domain/snapshot.js';
import { deadLineOf, type WaitingRoom } from '../domain/waiting-room.js';

interface FactsRow {
  concert_id: string;
  /** [from, to, at in ms, activated, passed over: from, bits] */
  ticks: [number, number, number, number, number | null, string | null][];
  spent: number[];
  left: number[];
  buckets: number[];
  counts: number[];
}

/** The first number of the kept ranges of `asked`; with none, the first number that no tick has looked at. */
export const firstKeptNumber = `(
  select coalesce(min(from_number), asked.serving + 1) from activation_log log
  where log.concert_id = asked.concert_id and log.generation = asked.generation and log.at > asked.kept_since
    and log.activated > 0
)`;

@Injectable()
export class SnapshotStore {
  /** What the tables say of these rooms now, within the caller's transaction, by concert. */
  async facts(
    rooms: readonly WaitingRoom[],
    now: Date,
    rules: QueueRules,
    tx: Pick<Transaction, 'query'>,
  ): Promise<Map<string, LineFacts>> {
    if (rooms.length === 0) return new Map();
    const rows = await tx.query<FactsRow>(factsQuery, [
      rooms.map((room) => room.concertId),
      rooms.map((room) => room.generation),
      rooms.map((room) => room.servingNumber),
      rooms.map((room) => deadLineOf(room, now)),
      rooms.map((room) => bucketSize(room)),
      rooms.map(() => after(now, -keptMs(rules))),
    ]);
    const byConcert = new Map(rooms.map((room) => [room.concertId, room]));
    return new Map(rows.map((row) => [row.concert_id, factsOf(row, byConcert.get(row.concert_id)!)]));
  }
}

const gone = (status: 'SPENT' | 'LEFT') => `(
  select coalesce(array_agg(queue_number order by queue_number), '{}') from place
  where place.concert_id = asked.concert_id and place.generation = asked.generation and status = '${status}'
    and queue_number >= kept.first_number
)`;

const factsQuery = `
  select asked.concert_id, ticks.list as ticks, ${gone('SPENT')} as spent, ${gone('LEFT')} as left,
         live.buckets, live.counts
  from unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::int[], $6::timestamptz[])
    as asked (concert_id, generation, serving, dead_line, bucket_size, kept_since)
  cross join lateral (select ${firstKeptNumber} as first_number) kept
  cross join lateral (
    select coalesce(json_agg(json_build_array(from_number, to_number, (extract(epoch from at) * 1000)::bigint, activated,
                                              passed_over_from, passed_over_bits) order by tick_number), '[]') as list
    from activation_log log
    where log.concert_id = asked.concert_id and log.generation = asked.generation and log.at > asked.kept_since
      and log.activated > 0
  ) ticks
  cross join lateral (
    select coalesce(array_agg(bucket), '{}') as buckets, coalesce(array_agg(living), '{}') as counts
    from (
      select (queue_number - asked.serving - 1) / asked.bucket_size as bucket, count(*)::int as living from place
      where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
        and queue_number > asked.serving and lease_until > asked.dead_line
      group by 1
    ) counted
  ) live`;

function factsOf(row: FactsRow, room: WaitingRoom): LineFacts {
  const live = new Array<number>(bucketCount(room)).fill(0);
  row.buckets.forEach((bucket, index) => (live[bucket] = row.counts[index]!));
  return { ticks: row.ticks.map(tickOf), spent: row.spent, left: row.left, live };
}

function tickOf([from, to, at, activated, passedOverFrom, bits]: FactsRow['ticks'][number]): KeptTick {
  const passedOver = passedOverFrom === null || bits === null ? null : { from: passedOverFrom, bits };
  return { from, to, at: new Date(at), activated, passedOver };
}
