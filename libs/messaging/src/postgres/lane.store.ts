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
 * Locks the lane until commit and reads the clock after the lock.
 * @throws LaneLost when another process has taken the lane over
 */
export async function lockLane(tx: Transaction, lane: Pick<OwnedLane, 'name' | 'epoch'>): Promise<void> {
  const [row] = await tx.query<{ now: Date }>(
    `with owned as materialized (select name from lane where name = $1 and epoch = $2 for update)
     select clock_timestamp()::timestamptz(3) as now from owned`,
    [lane.name, lane.epoch],
  );
  if (!row) throw new LaneLost(lane.name);
  tx.now = row.now;
}

/** Keeps another lane's batches out until commit, whoever owns it. Nothing where there is no such lane. */
export async function lockOtherLane(tx: Transaction, name: string): Promise<void> {
  await tx.query('select from lane where name = $1 for update', [name]);
}

/** The batch up to `offset` is done, in the transaction that did it. */
export async function advanceLane(tx: Transaction, lane: OwnedLane, offset: bigint, attempts: number): Promise<void> {
  await tx.query(`update lane set "offset" = greatest("offset", $2), attempts = $3 where name = $1`, [
    lane.name,
    offset,
    attempts,
  ]);
}

/** Commits, before handling starts, that it was started: a message that kills the process leaves its trace. */
export async function countStart(dataSource: DataSource, lane: OwnedLane, attempts: number): Promise<void> {
  await inTransaction(dataSource, async (tx) => {
    await lockLane(tx, lane);
    await tx.query('update lane set attempts = $2 where name = $1', [lane.name, attempts]);
  });
  lane.attempts = attempts;
}
