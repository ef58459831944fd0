import { Inject, Injectable } from '@nestjs/common';
import type { queue } from '#contracts';
import { SETTINGS } from '#service';
import { DataSource } from 'typeorm';
import { type QueueSettings, rulesFrom } from '../config.js';
import { buildSnapshot } from '../domain/snapshot.js';
import { type RoomRow, roomOf } from './waiting-room.store.js';
import { SnapshotStore } from './snapshot.store.js';

/** Reads outside the fold. */
@Injectable()
export class QueueQueries {
  constructor(
    private readonly dataSource: DataSource,
    private readonly snapshots: SnapshotStore,
    @Inject(SETTINGS) private readonly settings: QueueSettings,
  ) {}

  /** What a snapshot taken now would say; null without such a concert. One moment of the database: repeatable read. */
  show(concertId: string): Promise<queue.QueueSnapshot | null> {
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const rules = rulesFrom(this.settings);
      const [row] = await manager.query<(RoomRow & { now: Date })[]>(
        'select *, now()::timestamptz(3) as now from waiting_room where concert_id = $1',
        [concertId],
      );
      if (!row) return null;
      const room = roomOf(row, rules);
      const query = <Row>(sql: string, values?: readonly unknown[]) => manager.query<Row[]>(sql, [...(values ?? [])]);
      const facts = await this.snapshots.facts([room], row.now, rules, { query });
      return buildSnapshot(room, facts.get(concertId)!, row.now, rules);
    });
  }
}
