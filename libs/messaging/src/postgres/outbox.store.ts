import type { DataSource } from 'typeorm';
import type { Transaction } from './transaction.js';

/** A message on its way out. `topic` is without the prefix; the partition was fixed when it was written. */
export interface OutboxRow {
  readonly id: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

export type StoredRow = OutboxRow & { readonly seq: bigint };

/** A row, and the lane whose messages it follows. */
export type LaneRow = OutboxRow & { readonly lane: string };

/** Writes the rows in their order, in one statement; the lanes' locks make the order of `seq` the order of commits. */
export async function writeOutbox(tx: Transaction, rows: readonly LaneRow[]): Promise<StoredRow[]> {
  if (rows.length === 0) return [];
  const column = <Name extends keyof LaneRow>(name: Name) => rows.map((row) => row[name]);
  const stored = await tx.query<{ seq: bigint }>(
    `insert into outbox (id, lane, aggregatetype, aggregateid, type, topic, partition, key, headers, payload)
     select id, lane, aggregatetype, aggregateid, type, topic, partition, key, headers, payload
     from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::text[], $9::jsonb[], $10::text[])
       with ordinality as row (id, lane, aggregatetype, aggregateid, type, topic, partition, key, headers, payload, position)
     order by position
     returning seq`,
    [
      column('id'),
      column('lane'),
      column('aggregateType'),
      column('aggregateId'),
      column('type'),
      column('topic'),
      column('partition'),
      column('key'),
      rows.map((row) => JSON.stringify(row.headers)),
      column('payload'),
    ],
  );
  return rows.map((row, index) => ({ ...row, seq: stored[index]!.seq }));
}

/** The oldest rows of a lane, at most `limit`. */
export async function readOutbox(dataSource: DataSource, lane: string, limit: number): Promise<StoredRow[]> {
  return dataSource.query<StoredRow[]>(
    `select seq, id, aggregatetype as "aggregateType", aggregateid as "aggregateId", type, topic, partition, key, headers, payload
     from outbox where lane = $1 order by seq limit $2`,
    [lane, limit],
  );
}

export async function deleteFromOutbox(dataSource: DataSource, seqs: readonly bigint[]): Promise<void> {
  if (seqs.length === 0) return;
  await dataSource.query('delete from outbox where seq = any($1)', [seqs]);
}

/** Lanes whose oldest row has waited longer than `ms`: their owner died, or cannot reach the broker. */
export async function overdueLanes(dataSource: DataSource, ms: number): Promise<string[]> {
  const rows = await dataSource.query<{ lane: string }[]>(
    `select distinct lane from outbox where created_at < clock_timestamp() - $1 * interval '1 millisecond'`,
    [ms],
  );
  return rows.map((row) => row.lane);
}
