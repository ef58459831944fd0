import { Injectable } from '@nestjs/common';
import type { queue } from '#contracts';
import type { Transaction } from '#messaging';
import type { QueueRules } from '../domain/rules.js';
import type { WaitingRoom } from '../domain/waiting-room.js';
import { columnsOf } from './columns.js';

/** A row of `waiting_room`; its null figures are the settings'. */
export interface RoomRow {
  concert_id: string;
  generation: number;
  mode: queue.QueueMode;
  sales_open_at: Date | null;
  activation_batch: number | null;
  tick_ms: number | null;
  max_active: number | null;
  last_number: number;
  serving_number: number;
  version: number;
  tick_number: number;
  next_tick_at: Date;
  tick_sent_for: Date | null;
  last_tick_at: Date;
  snapshot_at: Date | null;
  snapshot_due: boolean;
  judged_after: Date | null;
  outage_from: Date | null;
}

@Injectable()
export class WaitingRoomStore {
  /**
   * Locks the rooms, in key order. All changes of a concert's line happen under this lock, so that places need none, and
   * the order of commits is the order of queue numbers and snapshot versions.
   */
  async lock(concertIds: readonly string[], rules: QueueRules, tx: Transaction): Promise<WaitingRoom[]> {
    const rows = await tx.query<RoomRow>(
      'select * from waiting_room where concert_id = any($1::uuid[]) order by concert_id for update',
      [concertIds],
    );
    return rows.map((row) => roomOf(row, rules));
  }

  /** Opens rooms; one that is open already stays as it is. Their own figures stay null: the settings' hold. */
  async open(rooms: readonly WaitingRoom[], tx: Transaction): Promise<void> {
    if (rooms.length === 0) return;
    const column = columnsOf(rooms);
    await tx.query(
      `insert into waiting_room
         (concert_id, sales_open_at, next_tick_at, last_tick_at, version, snapshot_at, purged_at)
       select concert_id, sales_open_at, next_tick_at, last_tick_at, version, snapshot_at, last_tick_at
       from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::timestamptz[])
         as room (concert_id, sales_open_at, next_tick_at, last_tick_at, version, snapshot_at)
       order by concert_id
       on conflict do nothing`,
      [
        column('concertId'),
        column('salesOpenAt'),
        column('nextTickAt'),
        column('lastTickAt'),
        column('version'),
        column('snapshotAt'),
      ],
    );
  }

  /** Writes what messages change. Mode and a room's own figures are operators', `purged_at` is the purge timer's. */
  async save(rooms: readonly WaitingRoom[], tx: Transaction): Promise<void> {
    if (rooms.length === 0) return;
    const column = columnsOf(rooms);
    await tx.query(
      `update waiting_room room
       set last_number = new.last_number, serving_number = new.serving_number, version = new.version,
           tick_number = new.tick_number, next_tick_at = new.next_tick_at, tick_sent_for = new.tick_sent_for,
           last_tick_at = new.last_tick_at, snapshot_at = new.snapshot_at, snapshot_due = new.snapshot_due,
           judged_after = new.judged_after, outage_from = new.outage_from
       from unnest($1::uuid[], $2::int[], $3::int[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[],
                   $8::timestamptz[], $9::timestamptz[], $10::boolean[], $11::timestamptz[], $12::timestamptz[])
         as new (concert_id, last_number, serving_number, version, tick_number, next_tick_at, tick_sent_for,
                 last_tick_at, snapshot_at, snapshot_due, judged_after, outage_from)
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
      ],
    );
  }
}

export function roomOf(row: RoomRow, rules: QueueRules): WaitingRoom {
  return {
    concertId: row.concert_id,
    generation: row.generation,
    mode: row.mode,
    salesOpenAt: row.sales_open_at,
    activationBatch: row.activation_batch ?? rules.activationBatch,
    tickMs: row.tick_ms ?? rules.tickMs,
    maxActive: row.max_active ?? rules.maxActive,
    lastNumber: row.last_number,
    servingNumber: row.serving_number,
    version: row.version,
    tickNumber: row.tick_number,
    nextTickAt: row.next_tick_at,
    tickSentFor: row.tick_sent_for,
    lastTickAt: row.last_tick_at,
    snapshotAt: row.snapshot_at,
    snapshotDue: row.snapshot_due,
    judgedAfter: row.judged_after,
    outageFrom: row.outage_from,
  };
}
