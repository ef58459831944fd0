import { queue } from '#contracts';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '#service';
import { DataSource } from 'typeorm';
import { type QueueSettings, rulesFrom } from '../config.js';
import { type FunnelBody, type FunnelCount, funnelOf } from '../domain/funnel.js';
import { queueBody, type QueueBody } from '../domain/queue-body.js';
import { countsOf } from '../domain/snapshot.js';
import type { LogEntry } from '../domain/waiting-room.js';
import { type RoomRow, roomOf, roomsWithStock } from './waiting-room.store.js';
import { countedPlaces } from './funnel.js';
import { SnapshotStore } from './snapshot.store.js';

/** Where a tick is among those of its concert. */
export interface TickPosition {
  readonly generation: number;
  readonly tickNumber: number;
  /** By index. */
  readonly class: number;
}

/** A tick as operators see it. What is null was not kept for it, or held for none (`maxActive`). */
export interface TickBody extends Omit<TickPosition, 'class'> {
  /** Whose part of the tick this is. */
  readonly admissionClass: string;
  readonly at: string;
  readonly limitedBy: LogEntry | null;
  readonly activationBatch: number | null;
  readonly tickSeconds: number | null;
  readonly maxActive: number | null;
  /** Passes that ran, and live places that waited, before it. */
  readonly active: number | null;
  readonly waiting: number | null;
  readonly admitted: number;
  readonly passedOver: number;
  /** The numbers it settled; null when it moved nobody. */
  readonly from: number | null;
  readonly to: number | null;
  /** How many ticks after it moved nobody either, for the same reason. */
  readonly repeated: number;
}

/** Reads outside the fold. */
@Injectable()
export class QueueQueries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly snapshots: SnapshotStore,
    @Inject(SETTINGS) private readonly settings: QueueSettings,
  ) {}

  /** The queue as it is now; null without such a concert. One moment of the database: repeatable read. */
  show(concertId: string): Promise<QueueBody | null> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const rules = rulesFrom(this.settings);
      const [row] = await manager.query<(RoomRow & { now: Date })[]>(
        `select *, now()::timestamptz(3) as now from (${roomsWithStock} where concert_id = $1) room`,
        [concertId],
      );
      if (!row) return null;
      const room = roomOf(row, rules);
      const query = <Row>(sql: string, values?: readonly unknown[]) => manager.query<Row[]>(sql, [...(values ?? [])]);
      const facts = await this.snapshots.facts([room], row.now, rules, { query });
      return queueBody(room, countsOf(facts.get(concertId)!, row.now, rules), row.now);
    });
  }

  /** What became of those who joined in each of the last `hours` in which somebody did; null without such a concert. */
  async funnel(concertId: string, hours: number): Promise<FunnelBody[] | null> {
    const rows = await this.dataSource.query<(FunnelCount | { hour: null })[]>(
      `with counted as materialized (
         select hour, outcome, wait_step, error_step, places from funnel where concert_id = $1
         union all
         select hour, outcome, wait_step, error_step, places
         from (${countedPlaces('(select * from judged_place where concert_id = $1) present', 'now()')}) present
       ), ranked as (select *, dense_rank() over (order by hour desc) as recent from counted)
       select hour, outcome, nullif(wait_step, -1) as "waitStep", nullif(error_step, -1) as "errorStep", places
       from waiting_room left join ranked on recent <= $2
       where concert_id = $1`,
      [concertId, hours],
    );
    if (rows.length === 0) return null;
    return funnelOf(rows.filter((row): row is FunnelCount => row.hour !== null));
  }

  /** At most `limit` parts of ticks from the log, newest first, those before `after`; null without such a concert. */
  async ticks(concertId: string, limit: number, after?: TickPosition): Promise<(TickBody & TickPosition)[] | null> {
    const rows = await this.dataSource.query<((TickBody & TickPosition) | { tickNumber: null })[]>(
      `select log.generation, log.tick_number as "tickNumber", log.class,
              case log.class when 0 then '${queue.everybody}' else coalesce(known.name, 'class ' || log.class) end
                as "admissionClass",
              to_char(log.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, log.limited_by as "limitedBy",
              log.activation_batch as "activationBatch", (log.tick_ms / 1000.0)::float8 as "tickSeconds",
              log.max_active as "maxActive", log.active, log.waiting, log.activated as admitted,
              log.passed_over as "passedOver", range.from_number as "from", range.to_number as "to",
              case when range.to_number is null then next_number - log.tick_number - 1 else 0 end as repeated
       from waiting_room room
       left join lateral (
         select * from activation_log
         where concert_id = room.concert_id and ($3::int is null or (generation, tick_number, class) < ($3, $4::int, $5::int))
         order by generation desc, tick_number desc, class desc limit $2
       ) log on true
       left join lateral (
         select name from jsonb_to_recordset(room.classes) as one (index int, name text) where one.index = log.class
       ) known on true
       left join lateral (select log.from_number, log.to_number where log.to_number >= log.from_number) range on true
       left join lateral (
         select coalesce((select tick_number from activation_log newer
                          where newer.concert_id = log.concert_id
                            and (newer.generation, newer.tick_number) > (log.generation, log.tick_number)
                          order by newer.generation, newer.tick_number limit 1), room.tick_number + 1) as next_number
       ) next on true
       where room.concert_id = $1
       order by log.generation desc, log.tick_number desc, log.class desc`,
      [concertId, limit, after?.generation ?? null, after?.tickNumber ?? null, after?.class ?? null],
    );
    if (rows.length === 0) return null;
    return rows
      .filter((row): row is TickBody & TickPosition => row.tickNumber !== null)
      .map((row) => ({
        ...row,
        from: row.from && queue.numberInClass(row.from),
        to: row.to && queue.numberInClass(row.to),
      }));
  }
}
