import { Injectable } from '@nestjs/common';
import type { Transaction } from '#messaging';
import { after, countKeptMs, keptMs, longLine, type QueueRules } from '../domain/rules.js';
import { bucketCount, bucketSize, type ClassFacts, type KeptTick, type LineFacts } from '../domain/snapshot.js';
import { awaitsDraw, classesOf, deadLineOf, type Numbers, type WaitingRoom } from '../domain/waiting-room.js';
import { type RoomRow, roomOf, roomsWithStock } from './waiting-room.store.js';

interface FactsRow {
  concert_id: string;
  class: number;
  /** [from, to, at in ms, activated, passed over: from, bits] */
  ticks: [number, number, number, number, number | null, string | null][];
  spent: number[];
  left: number[];
  registrations_left: number[];
  buckets: number[];
  counts: number[];
}

/** The first number of the kept ranges of `asked`, a class; with none, the first number that no tick has looked at. */
export const firstKeptNumber = `(
  select coalesce(min(from_number), asked.serving + 1) from activation_log log
  where log.concert_id = asked.concert_id and log.generation = asked.generation and log.class = asked.class
    and log.at > asked.kept_since and log.activated > 0
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
    const asked = rooms.flatMap((room) => classesOf(room).map((numbers) => ({ room, numbers })));
    const rows = await tx.query<FactsRow>(factsQuery, [
      asked.map(({ room }) => room.concertId),
      asked.map(({ room }) => room.generation),
      asked.map(({ numbers }) => numbers.servingNumber),
      asked.map(({ room }) => deadLineOf(room, now)),
      asked.map(({ numbers }) => bucketSize(numbers)),
      asked.map(() => after(now, -keptMs(rules))),
      asked.map(({ room, numbers }) => numbers.index === 0 && awaitsDraw(room)),
      after(now, -countKeptMs),
      asked.map(({ numbers }) => numbers.index),
      asked.map(({ numbers }) => numbers.lastNumber),
    ]);
    const found = new Map(rows.map((row) => [`${row.concert_id} ${row.class}`, row]));
    return new Map(
      rooms.map((room) => {
        const rowOf = ({ index }: Numbers) => found.get(`${room.concertId} ${index}`)!;
        const registrationsLeft = rowOf(room).registrations_left;
        const classes = room.classes.map((numbers) => factsOf(rowOf(numbers), numbers));
        return [room.concertId, { ...factsOf(rowOf(room), room), registrationsLeft, classes }];
      }),
    );
  }

  /**
   * Counts the live numbers of every long line, so that `facts` need not. Rooms are not locked: what changes meanwhile is
   * like what changes afterwards, and next counted in some seconds.
   */
  async countLongLines(rules: QueueRules, tx: Transaction): Promise<void> {
    const rows = await tx.query<RoomRow>(
      `${roomsWithStock} where last_number - serving_number > $1 or classes <> '[]' order by concert_id`,
      [longLine.numbers],
    );
    const long = rows
      .map((row) => roomOf(row, rules))
      .filter((room) => !awaitsDraw(room))
      .flatMap((room) => classesOf(room).map((numbers) => ({ room, numbers })))
      .filter(({ numbers }) => numbers.lastNumber - numbers.servingNumber > longLine.numbers);
    if (long.length === 0) return;
    await tx.query(countQuery, [
      long.map(({ room }) => room.concertId),
      long.map(({ room }) => room.generation),
      long.map(({ numbers }) => numbers.servingNumber + 1),
      // Numbers up to it are all given: the last block is whole.
      long.map(({ numbers }) => numbers.servingNumber + wholeBlocks(numbers.lastNumber - numbers.servingNumber)),
      long.map(({ room }) => deadLineOf(room, tx.now)),
      tx.now,
      long.map(({ numbers }) => numbers.index),
    ]);
  }
}

/**
 * Numbers in a block of a kept count. A block counts where its first number belongs, which may be a bucket too early for
 * some of it: positions behind it come out higher, never lower, and by less than a bucket.
 */
const blockSize = 64;

function wholeBlocks(numbers: number): number {
  return numbers - (numbers % blockSize);
}

const countQuery = `
  insert into line_count (concert_id, generation, from_number, to_number, live, counted_at, class)
  select concert_id, generation, from_number, to_number, counted.live, $6, class
  from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::timestamptz[], $7::int[])
    as asked (concert_id, generation, from_number, to_number, dead_line, class)
  cross join lateral (
    select array_agg(coalesce(living, 0) order by block) as live
    from generate_series(0, (asked.to_number - asked.from_number) / ${blockSize}) block
    left join (
      select (queue_number - asked.from_number) / ${blockSize} as block, count(*)::int as living from place
      where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
        and queue_number between asked.from_number and asked.to_number and lease_until > asked.dead_line
      group by 1
    ) living using (block)
  ) counted
  on conflict (concert_id, class) do update
  set generation = excluded.generation, from_number = excluded.from_number, to_number = excluded.to_number,
      live = excluded.live, counted_at = excluded.counted_at`;

const gone = (status: 'SPENT' | 'LEFT') => `(
  select coalesce(array_agg(queue_number order by queue_number), '{}') from place
  where place.concert_id = asked.concert_id and place.generation = asked.generation and status = '${status}'
    and queue_number between kept.first_number and asked.last
)`;

const bucketOf = (number: string) => `greatest(0, (${number} - asked.serving - 1) / asked.bucket_size)`;
const isLive = `place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
          and lease_until > asked.dead_line`;

const factsQuery = `
  select asked.concert_id, asked.class, ticks.list as ticks, ${gone('SPENT')} as spent, ${gone('LEFT')} as left,
         registered.gone as registrations_left, live.buckets, live.counts
  from unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::int[], $6::timestamptz[], $7::boolean[],
              $9::int[], $10::int[])
    as asked (concert_id, generation, serving, dead_line, bucket_size, kept_since, awaits_draw, class, last)
  cross join lateral (select ${firstKeptNumber} as first_number) kept
  cross join lateral (
    select coalesce(json_agg(json_build_array(from_number, to_number, (extract(epoch from at) * 1000)::bigint, activated,
                                              passed_over_from, passed_over_bits) order by tick_number), '[]') as list
    from activation_log log
    where log.concert_id = asked.concert_id and log.generation = asked.generation and log.class = asked.class
      and log.at > asked.kept_since and log.activated > 0
  ) ticks
  cross join lateral (
    select coalesce(array_agg(registration order by registration), '{}') as gone from place
    where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'LEFT'
      and registration is not null and asked.awaits_draw
  ) registered
  -- The first numbers of a line are counted, and those that came after its kept count; of the others that count is taken.
  cross join lateral (
    select coalesce(min(first_block), 2147483647) as first_block, coalesce(min(to_number), 2147483647) as to_number
    from (
      select to_number,
             from_number + ${blockSize} * ((asked.serving + asked.bucket_size - from_number) / ${blockSize} + 1)
               as first_block
      from line_count
      where line_count.concert_id = asked.concert_id and line_count.class = asked.class
        and line_count.generation = asked.generation and counted_at > $8
    ) usable
    where first_block <= to_number
  ) counted_before
  cross join lateral (
    select coalesce(array_agg(bucket), '{}') as buckets, coalesce(array_agg(living), '{}') as counts
    from (
      select bucket, sum(living)::int as living
      from (
        select ${bucketOf('queue_number')} as bucket, count(*) as living from place
        where ${isLive} and (queue_number > asked.serving or queue_number < 0 and asked.class = 0)
          and queue_number <= asked.last and queue_number < counted_before.first_block
        group by 1
        union all
        select ${bucketOf('queue_number')}, count(*) from place
        where ${isLive} and queue_number > counted_before.to_number and queue_number <= asked.last
        group by 1
        union all
        select ${bucketOf('first_number')}, living
        from (
          select from_number + ${blockSize} * (block - 1)::int as first_number, living
          from line_count, unnest(live) with ordinality as blocks (living, block)
          where line_count.concert_id = asked.concert_id and line_count.class = asked.class
        ) block
        where first_number between counted_before.first_block and counted_before.to_number
      ) parts
      group by 1
    ) counted
  ) live`;

function factsOf(row: FactsRow, numbers: Numbers): ClassFacts {
  const live = new Array<number>(bucketCount(numbers)).fill(0);
  row.buckets.forEach((bucket, index) => (live[bucket] = row.counts[index]!));
  return { index: numbers.index, ticks: row.ticks.map(tickOf), spent: row.spent, left: row.left, live };
}

function tickOf([from, to, at, activated, passedOverFrom, bits]: FactsRow['ticks'][number]): KeptTick {
  const passedOver = passedOverFrom === null || bits === null ? null : { from: passedOverFrom, bits };
  return { from, to, at: new Date(at), activated, passedOver };
}
