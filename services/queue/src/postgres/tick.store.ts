import { Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import type { Transaction } from '#messaging';
import type { Advance, Front, Recent } from '../domain/line.js';
import { after, type QueueRules } from '../domain/rules.js';
import type { LineCounts } from '../domain/snapshot.js';
import { mostPassedOver } from '../domain/tick.js';
import { classesOf, deadLineOf, type WaitingRoom } from '../domain/waiting-room.js';
import { columnsOf } from './columns.js';

export interface Look {
  readonly room: WaitingRoom;
  /** Live numbers that the tick may need. */
  readonly wanted: number;
  /** The running passes are to be counted. */
  readonly capped: boolean;
  /** From when on the log is wanted. */
  readonly since: Date;
}

interface FrontRow {
  concert_id: string;
  classes: { index: number; numbers: number[]; lookedTo: number | null }[];
  active: number;
  /** `at` in ms since 1970. */
  recent: (Omit<Recent, 'at'> & { at: number })[];
}

interface Logged {
  readonly room: WaitingRoom;
  readonly advance: Advance;
}

/** What a tick reads and writes beyond the rows that messages name: the front of a line. */
@Injectable()
export class TickStore {
  /**
   * Walks the index of waiting places from the serving number on until it has met as many live ones as wanted, or as
   * many rows as a tick may look at; never the whole line. `looked_to` is computed only where the walk ended early.
   */
  async front(looks: readonly Look[], now: Date, rules: QueueRules, tx: Transaction): Promise<Map<string, Front>> {
    if (looks.length === 0) return new Map();
    const rows = await tx.query<FrontRow>(frontQuery, [
      looks.map(({ room }) => room.concertId),
      looks.map(({ room }) => room.generation),
      looks.map(({ room }) =>
        JSON.stringify(
          classesOf(room).map(({ index, servingNumber: serving, lastNumber: last }) => ({ index, serving, last })),
        ),
      ),
      looks.map(({ room }) => deadLineOf(room, now)),
      looks.map(({ wanted }) => wanted),
      looks.map(({ wanted }) => wanted + mostPassedOver),
      after(now, -rules.tokenTtlMs),
      looks.map(({ capped }) => capped),
      looks.map(({ since }) => since),
    ]);
    return new Map(
      rows.map((row) => [
        row.concert_id,
        {
          classes: new Map(
            row.classes.map(({ index, numbers, lookedTo }) => [index, { liveNumbers: numbers, lookedTo }]),
          ),
          activeCount: row.active,
          recent: row.recent.map((entry) => ({ ...entry, at: new Date(entry.at) })),
        },
      ]),
    );
  }

  /**
   * Writes what ticks decided, and joins that were let in at once: their rows of the log. Whoever waits in such a range by their own row
   * is judged by that, whenever somebody looks (`judged_place`), so that a tick costs the same whatever its batch.
   */
  async log(ticks: readonly Logged[], now: Date, tx: Transaction): Promise<void> {
    if (ticks.length === 0) return;
    const column = columnsOf(ticks.map(({ advance }) => advance));
    const passedOver = ticks.map(({ advance }) => queue.encodeNumberSet(advance.passedOver));
    await tx.query(
      `insert into activation_log (concert_id, generation, tick_number, from_number, to_number, activated, passed_over,
                                   passed_over_from, passed_over_bits, dead_line, active_until, activation_batch, tick_ms,
                                   max_active, active, limited_by, at, class, waiting)
       select *, case when limited_by = 'INSTANT' then 0 end
       from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::text[],
                   $10::timestamptz[], $11::timestamptz[], $12::int[], $13::int[], $14::int[], $15::int[], $16::text[],
                   $17::timestamptz[], $18::int[])
         as tick (concert_id, generation, tick_number, from_number, to_number, activated, passed_over, passed_over_from,
                  passed_over_bits, dead_line, active_until, activation_batch, tick_ms, max_active, active, limited_by, at,
                  class)
       on conflict (concert_id, generation, tick_number, class)
       do update set to_number = excluded.to_number, activated = activation_log.activated + excluded.activated`,
      [
        ticks.map(({ room }) => room.concertId),
        column('generation'),
        column('tickNumber'),
        column('from'),
        column('to'),
        column('activated'),
        column('passedOver').map((numbers) => numbers.length),
        passedOver.map(({ from, bits }) => (bits === '' ? null : from)),
        passedOver.map(({ bits }) => (bits === '' ? null : bits)),
        ticks.map(({ room }) => deadLineOf(room, now)),
        column('activeUntil'),
        column('activationBatch'),
        column('tickMs'),
        column('maxActive'),
        column('active'),
        column('limitedBy'),
        column('at'),
        column('class'),
      ],
    );
  }

  /** Completes the log of ticks with who waited and whose pass ran before them, from the counts after them. */
  async noteCounts(
    ticks: readonly ({ concertId: string; advance: Advance } & LineCounts)[],
    tx: Transaction,
  ): Promise<void> {
    if (ticks.length === 0) return;
    const column = columnsOf(ticks);
    await tx.query(
      `update activation_log log
       set waiting = counted.waiting + log.activated,
           active = coalesce(log.active, greatest(0, counted.active - counted.activated))
       from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[])
         as counted (concert_id, generation, tick_number, waiting, active, class, activated)
       where log.concert_id = counted.concert_id and log.generation = counted.generation
         and log.tick_number = counted.tick_number and log.class = counted.class`,
      [
        column('concertId'),
        ticks.map(({ advance }) => advance.generation),
        ticks.map(({ advance }) => advance.tickNumber),
        ticks.map(({ advance, waitingOf }) => waitingOf.get(advance.class) ?? 0),
        column('active'),
        ticks.map(({ advance }) => advance.class),
        ticks.map(({ concertId, advance: { tickNumber } }) =>
          ticks
            .filter((other) => other.concertId === concertId && other.advance.tickNumber === tickNumber)
            .reduce((sum, { advance }) => sum + advance.activated, 0),
        ),
      ],
    );
  }
}

const frontQuery = `select asked.concert_id, waiting.classes,
         case when asked.capped then (
           select coalesce(sum(activated), 0) from activation_log log
           where log.concert_id = asked.concert_id and log.generation = asked.generation and log.at > $7
         ) - (
           select count(*) from place
           where place.concert_id = asked.concert_id and place.generation = asked.generation
             and status in ('SPENT', 'LEFT') and activated_at > $7
         ) else 0 end::int as active,
         (select coalesce(json_agg(json_build_object(
            'generation', generation, 'tickNumber', tick_number, 'activationBatch', activation_batch, 'tickMs', tick_ms,
            'maxActive', max_active, 'class', class, 'at', (extract(epoch from at) * 1000)::bigint, 'activated', activated,
            'limitedBy', limited_by)), '[]')
          from activation_log log
          where log.concert_id = asked.concert_id and log.at > asked.since and log.activated > 0) as recent
       from unnest($1::uuid[], $2::int[], $3::jsonb[], $4::timestamptz[], $5::int[], $6::int[], $8::boolean[],
                   $9::timestamptz[])
         as asked (concert_id, generation, classes, dead_line, wanted, most, capped, since)
       cross join lateral (
         select json_agg(json_build_object('index', class.index, 'numbers', front.numbers, 'lookedTo',
           case when cardinality(front.numbers) < asked.wanted then (
             select queue_number from place
             where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
               and queue_number > class.serving and queue_number <= class.last
             order by queue_number offset asked.most - 1 limit 1
           ) end)) as classes
         from jsonb_to_recordset(asked.classes) as class (index int, serving int, last int)
         cross join lateral (
           select coalesce(array_agg(live.queue_number order by live.queue_number), '{}') as numbers
           from (
             select looked.queue_number
             from (
               select queue_number, lease_until from place
               where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
                 and queue_number > class.serving and queue_number <= class.last
               order by queue_number limit asked.most
             ) looked
             where looked.lease_until > asked.dead_line
             order by looked.queue_number limit asked.wanted
           ) live
         ) front
       ) waiting`;
