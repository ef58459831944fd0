import { Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import type { Transaction } from '#messaging';
import type { Advance, Front } from '../domain/line.js';
import { after, type QueueRules } from '../domain/rules.js';
import { mostPassedOver } from '../domain/tick.js';
import { deadLineOf, type WaitingRoom } from '../domain/waiting-room.js';
import { columnsOf } from './columns.js';

export interface Look {
  readonly room: WaitingRoom;
  /** Live numbers that the tick may need. */
  readonly wanted: number;
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
    const rows = await tx.query<{ concert_id: string; numbers: number[]; looked_to: number | null; active: number }>(
      `select asked.concert_id, front.numbers,
         case when cardinality(front.numbers) < asked.wanted then (
           select queue_number from place
           where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
             and queue_number > asked.serving
           order by queue_number offset asked.most - 1 limit 1
         ) end as looked_to,
         case when asked.capped then (
           select coalesce(sum(activated), 0) from activation_log log
           where log.concert_id = asked.concert_id and log.generation = asked.generation and log.at > $7
         ) - (
           select count(*) from place
           where place.concert_id = asked.concert_id and place.generation = asked.generation
             and status in ('SPENT', 'LEFT') and activated_at > $7
         ) else 0 end::int as active
       from unnest($1::uuid[], $2::int[], $3::int[], $4::timestamptz[], $5::int[], $6::int[], $8::boolean[])
         as asked (concert_id, generation, serving, dead_line, wanted, most, capped)
       cross join lateral (
         select coalesce(array_agg(live.queue_number order by live.queue_number), '{}') as numbers
         from (
           select looked.queue_number
           from (
             select queue_number, lease_until from place
             where place.concert_id = asked.concert_id and place.generation = asked.generation and status = 'WAITING'
               and queue_number > asked.serving
             order by queue_number limit asked.most
           ) looked
           where looked.lease_until > asked.dead_line
           order by looked.queue_number limit asked.wanted
         ) live
       ) front`,
      [
        looks.map(({ room }) => room.concertId),
        looks.map(({ room }) => room.generation),
        looks.map(({ room }) => room.servingNumber),
        looks.map(({ room }) => deadLineOf(room, now)),
        looks.map(({ wanted }) => wanted),
        looks.map(({ wanted }) => wanted + mostPassedOver),
        after(now, -rules.tokenTtlMs),
        looks.map(({ room }) => room.maxActive !== null),
      ],
    );
    return new Map(
      rows.map((row) => [
        row.concert_id,
        { liveNumbers: row.numbers, lookedTo: row.looked_to, activeCount: row.active },
      ]),
    );
  }

  /**
   * Settles the range of each tick and writes its log, in one statement however many places it changes. Rows that the batch
   * changed one by one are saved already, so whatever still waits in the range is judged by its lease, as `front` did.
   */
  async settle(ticks: readonly { room: WaitingRoom; advance: Advance }[], now: Date, tx: Transaction): Promise<void> {
    if (ticks.length === 0) return;
    const column = columnsOf(ticks.map(({ advance }) => advance));
    const passedOver = ticks.map(({ advance }) => queue.encodeNumberSet(advance.passedOver));
    await tx.query(
      `with tick as materialized (
         select * from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[],
                              $9::text[], $10::timestamptz[], $11::timestamptz[])
           as tick (concert_id, generation, tick_number, from_number, to_number, activated, passed_over,
                    passed_over_from, passed_over_bits, dead_line, active_until)
       ), settled as (
         update place
         set status = case when lease_until > dead_line then 'ACTIVE' else 'EXPIRED' end,
             activated_at = case when lease_until > dead_line then $12::timestamptz end,
             active_until = case when lease_until > dead_line then tick.active_until end,
             finished_at = case when lease_until > dead_line then null else $12::timestamptz end
         from tick
         where place.concert_id = tick.concert_id and place.generation = tick.generation and status = 'WAITING'
           and queue_number between from_number and to_number
       )
       insert into activation_log (concert_id, generation, tick_number, at, from_number, to_number, activated,
                                   passed_over, passed_over_from, passed_over_bits)
       select concert_id, generation, tick_number, $12, from_number, to_number, activated, passed_over,
              passed_over_from, passed_over_bits
       from tick`,
      [
        ticks.map(({ room }) => room.concertId),
        ticks.map(({ room }) => room.generation),
        column('tickNumber'),
        column('from'),
        column('to'),
        column('activated'),
        column('passedOver').map((numbers) => numbers.length),
        passedOver.map(({ from, bits }) => (bits === '' ? null : from)),
        passedOver.map(({ bits }) => (bits === '' ? null : bits)),
        ticks.map(({ room }) => deadLineOf(room, now)),
        column('activeUntil'),
        now,
      ],
    );
  }
}
