import { Injectable } from '@nestjs/common';
import type { queue } from '#contracts';
import type { Transaction } from '#messaging';
import type { QueueRules } from '../domain/rules.js';
import type { AdmissionClass, TickLimit, WaitingRoom } from '../domain/waiting-room.js';
import { columnsOf } from './columns.js';

/** A row of `waiting_room`; its null figures are the settings'. */
export interface RoomRow {
  concert_id: string;
  generation: number;
  mode: queue.QueueMode;
  message: string | null;
  sales_open_at: Date | null;
  activation_batch: number | null;
  tick_ms: number | null;
  max_active: number | null;
  instant_below: number | null;
  classes: AdmissionClass[];
  /** An operator took away the cap that the settings have. */
  uncapped: boolean;
  draw_seed: string | null;
  registered: number;
  drawn_to: number | null;
  last_number: number;
  serving_number: number;
  version: number;
  tick_number: number;
  next_tick_at: Date;
  tick_sent_for: Date | null;
  last_tick_at: Date;
  idle_limit: TickLimit | null;
  snapshot_at: Date | null;
  snapshot_due: boolean;
  judged_after: Date | null;
  outage_from: Date | null;
  /** Of all schedules that were counted; null where none was. */
  stock: queue.Stock | null;
}

/** The rows of rooms, as `RoomRow` has them. */
export const roomsWithStock = `
  select room.*, stock.counted as stock
  from waiting_room room
  left join lateral (
    select json_build_object('seatsLeft', sum(seats_left), 'seatsSold', sum(seats_sold), 'buyers', sum(buyers)) as counted
    from stock where stock.concert_id = room.concert_id having count(*) > 0
  ) stock on true`;

@Injectable()
export class WaitingRoomStore {
  /**
   * Locks the rooms, in key order. All changes of a concert's line happen under this lock, so that places need none, and
   * the order of commits is the order of queue numbers and snapshot versions.
   */
  async lock(concertIds: readonly string[], rules: QueueRules, tx: Transaction): Promise<WaitingRoom[]> {
    const [, rows] = await Promise.all([
      tx.query('select from waiting_room where concert_id = any($1::uuid[]) order by concert_id for update', [
        concertIds,
      ]),
      // A statement of its own: one that has waited for the lock sees the seats as they were before it.
      tx.query<RoomRow>(`${roomsWithStock} where concert_id = any($1::uuid[]) order by concert_id`, [concertIds]),
    ]);
    return rows.map((row) => roomOf(row, rules));
  }

  /** Opens rooms; one that is open already stays as it is. Their own figures stay null: the settings' hold. */
  async open(rooms: readonly WaitingRoom[], tx: Transaction): Promise<void> {
    if (rooms.length === 0) return;
    const column = columnsOf(rooms);
    await tx.query(
      `insert into waiting_room
         (concert_id, sales_open_at, next_tick_at, last_tick_at, version, snapshot_at, purged_at, draw_seed)
       select concert_id, sales_open_at, next_tick_at, last_tick_at, version, snapshot_at, last_tick_at, draw_seed
       from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::timestamptz[],
                   $7::text[])
         as room (concert_id, sales_open_at, next_tick_at, last_tick_at, version, snapshot_at, draw_seed)
       order by concert_id
       on conflict do nothing`,
      [
        column('concertId'),
        column('salesOpenAt'),
        column('nextTickAt'),
        column('lastTickAt'),
        column('version'),
        column('snapshotAt'),
        column('seed'),
      ],
    );
  }

  /** Writes all but `purged_at` and `tick_sent_at`, which are the timers'. */
  async save(rooms: readonly WaitingRoom[], tx: Transaction): Promise<void> {
    if (rooms.length === 0) return;
    const column = columnsOf(rooms);
    await tx.query(
      `update waiting_room room
       set last_number = new.last_number, serving_number = new.serving_number, version = new.version,
           tick_number = new.tick_number, next_tick_at = new.next_tick_at, tick_sent_for = new.tick_sent_for,
           last_tick_at = new.last_tick_at, snapshot_at = new.snapshot_at, snapshot_due = new.snapshot_due,
           judged_after = new.judged_after, outage_from = new.outage_from, generation = new.generation,
           mode = new.mode, message = new.message, activation_batch = new.activation_batch, tick_ms = new.tick_ms,
           max_active = new.max_active, uncapped = new.uncapped, idle_limit = new.idle_limit,
           instant_below = new.instant_below, draw_seed = new.draw_seed, registered = new.registered,
           drawn_to = new.drawn_to, classes = new.classes
       from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[],
                   $8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::timestamptz[], $12::timestamptz[],
                   $13::int[], $14::text[], $15::text[], $16::int[], $17::int[], $18::int[], $19::boolean[], $20::text[],
                   $21::int[], $22::text[], $23::int[], $24::int[], $25::jsonb[])
         as new (concert_id, last_number, serving_number, version, tick_number, next_tick_at, tick_sent_for,
                 last_tick_at, snapshot_at, snapshot_due, judged_after, outage_from, generation, mode, message,
                 activation_batch, tick_ms, max_active, uncapped, idle_limit, instant_below, draw_seed, registered,
                 drawn_to, classes)
       where room.concert_id = new.concert_id`,
      [
        column('concertId'),
        column('lastNumber'),
        column('servingNumber'),
        column('version'),
        column('tickNumber'),
        column('nextTickAt'),
        column('tickSentFor'),
        column('lastTickAt'),
        column('snapshotAt'),
        column('snapshotDue'),
        column('judgedAfter'),
        column('outageFrom'),
        column('generation'),
        column('mode'),
        column('message'),
        rooms.map(({ own }) => own.activationBatch ?? null),
        rooms.map(({ own }) => own.tickMs ?? null),
        rooms.map(({ own }) => own.maxActive ?? null),
        rooms.map(({ own }) => own.maxActive === null),
        column('idleFor'),
        column('instantBelow'),
        column('seed'),
        column('registered'),
        column('drawnTo'),
        rooms.map(({ classes }) => JSON.stringify(classes)),
      ],
    );
  }
}

export function roomOf(row: RoomRow, rules: QueueRules): WaitingRoom {
  const own: WaitingRoom['own'] = {
    ...(row.activation_batch !== null && { activationBatch: row.activation_batch }),
    ...(row.tick_ms !== null && { tickMs: row.tick_ms }),
    ...((row.uncapped || row.max_active !== null) && { maxActive: row.max_active }),
  };
  return {
    concertId: row.concert_id,
    index: 0,
    classes: row.classes,
    generation: row.generation,
    mode: row.mode,
    salesOpenAt: row.sales_open_at,
    message: row.message,
    own,
    activationBatch: rules.activationBatch,
    tickMs: rules.tickMs,
    maxActive: rules.maxActive,
    ...own,
    instantBelow: row.instant_below,
    stock: row.stock,
    seed: row.draw_seed,
    registered: row.registered,
    drawnTo: row.drawn_to,
    lastNumber: row.last_number,
    servingNumber: row.serving_number,
    version: row.version,
    tickNumber: row.tick_number,
    nextTickAt: row.next_tick_at,
    tickSentFor: row.tick_sent_for,
    lastTickAt: row.last_tick_at,
    idleFor: row.idle_limit,
    snapshotAt: row.snapshot_at,
    snapshotDue: row.snapshot_due,
    judgedAfter: row.judged_after,
    outageFrom: row.outage_from,
  };
}
