import type { DataSource } from 'typeorm';
import { LaneLost } from '../handling/faults.js';
import { announce } from '../moments.js';
import { inTransaction, type Transaction } from './transaction.js';

/** A lane as its owner found it when it took over, and as it goes on from there. */
export interface OwnedLane {
  readonly name: string;
  /** Rises with every owner; a batch commits only under the epoch it began with. */
  readonly epoch: bigint;
  /** The last offset whose batch was committed; -1 before the first. */
  offset: bigint;
  /** How often handling past `offset` has been started without being finished. */
  attempts: number;
}

/**
 * Makes this process the lane's owner, in a transaction of its own: it waits for the batch that a former owner may still
 * be committing, and any that it begins later finds another epoch.
 */
export async function takeOverLane(dataSource: DataSource, name: string): Promise<OwnedLane> {
  const lane = await inTransaction(dataSource, async (tx) => {
    const [row] = await tx.query<{ epoch: bigint; offset: bigint; attempts: number }>(
      `insert into lane (name, epoch) values ($1, 1)
       on conflict (name) do update set epoch = lane.epoch + 1
       returning epoch, "offset", attempts`,
      [name],
    );
    return { name, ...row! };
  });
  announce('lane.taken', { lane: name });
  return lane;
}

/**
 * Locks the lanes until commit, in the order of their names, and reads the clock after the last lock.
 * @throws LaneLost when another process has taken one of them over
 */
export async function lockLanes(tx: Transaction, lanes: readonly Pick<OwnedLane, 'name' | 'epoch'>[]): Promise<void> {
  const rows = await tx.query<{ name: string; epoch: bigint; now: Date }>(
    `with locked as materialized (select name, epoch from lane where name = any($1) order by name for update)
     select name, epoch, clock_timestamp()::timestamptz(3) as now from locked`,
    [lanes.map(({ name }) => name)],
  );
  for (const { name, epoch } of lanes) {
    if (!rows.some((row) => row.name === name && row.epoch === epoch)) throw new LaneLost(name);
  }
  tx.now = rows.at(-1)!.now;
}

/** Keeps another lane's batches out until commit, whoever owns it. Nothing where there is no such lane. */
export async function lockOtherLane(tx: Transaction, name: string): Promise<void> {
  await tx.query('select from lane where name = $1 for update', [name]);
}

/** How far a lane comes with a batch, and what its counter of starts is then. */
export interface Advance {
  readonly lane: OwnedLane;
  readonly offset: bigint;
  readonly attempts: number;
}

/** The batches up to these offsets are done, in the transaction that did them. */
export async function advanceLanes(tx: Transaction, advances: readonly Advance[]): Promise<void> {
  await tx.query(
    `update lane set "offset" = greatest(lane."offset", done."offset"), attempts = done.attempts
     from unnest($1::text[], $2::bigint[], $3::int[]) as done (name, "offset", attempts)
     where lane.name = done.name`,
    [
      advances.map(({ lane }) => lane.name),
      advances.map(({ offset }) => offset),
      advances.map(({ attempts }) => attempts),
    ],
  );
}

/** Commits, before handling starts, that it was started: a message that kills the process leaves its trace. */
export async function countStart(dataSource: DataSource, lane: OwnedLane, attempts: number): Promise<void> {
  await inTransaction(dataSource, async (tx) => {
    await lockLanes(tx, [lane]);
    await tx.query('update lane set attempts = $2 where name = $1', [lane.name, attempts]);
  });
  lane.attempts = attempts;
}
