import type { DataSource } from 'typeorm';
import type { Parsed, Read } from '../messages/envelope.js';
import { announce } from '../moments.js';
import type { DeadLetter } from '../postgres/dead-letter.store.js';
import { inInboxTransaction } from '../postgres/inbox.store.js';
import { advanceLanes, lockLanes, type OwnedLane } from '../postgres/lane.store.js';
import { type StoredRow, writeOutbox } from '../postgres/outbox.store.js';
import type { Transaction } from '../postgres/transaction.js';
import { type Consumer, Fold } from './fold.js';
import type { Condemned } from './parking.js';

export interface Folded {
  /** What the batch committed to its outbox, to be published now. */
  readonly outbox: readonly StoredRow[];
  readonly parked: readonly DeadLetter[];
  /** Looks that could not be decided, and whose kind lies parked already. */
  readonly unheeded: readonly Parsed[];
  readonly handled: number;
  /** Messages that had been handled before. */
  readonly repeated: number;
  readonly statements: number;
  /** When a timer that the batch has set is due. */
  readonly wakeAt: Date | null;
}

/** What one transaction does for a lane. */
export interface Part {
  readonly lane: OwnedLane;
  /** In their order, one at least. */
  readonly records: readonly Read[];
  /** What the lane's counter of starts shall be once this is committed. */
  readonly attempts: number;
}

/**
 * Handles batches of one topic's partitions in one transaction: inbox, load, fold, save, outbox, lanes. Each partition's messages
 * keep their order.
 *
 * @param condemned parks every message instead of handling it
 * @throws LaneLost when a lane has another owner; whatever the handler or the database throws, with everything undone
 */
export function foldBatches(
  dataSource: DataSource,
  consumer: Consumer,
  parts: readonly Part[],
  condemned?: Condemned,
): Promise<Folded> {
  const lanes = new Map(parts.flatMap(({ lane, records }) => records.map(({ record }) => [record, lane.name])));
  return inLanes(dataSource, parts, async (tx, locked) => {
    const fold = new Fold(tx, consumer, (record) => lanes.get(record)!, condemned);
    await fold.run(
      parts.flatMap(({ records }) => records),
      locked,
    );
    return fold;
  });
}

/**
 * One transaction of the lanes' owner, around whatever folds their batches: the lanes are locked, written to, and go on.
 *
 * @param work may look things up while the lanes are being locked, since that is executed before; it decides nothing until `locked`
 */
export async function inLanes(
  dataSource: DataSource,
  parts: readonly Part[],
  work: (tx: Transaction, locked: Promise<void>) => Promise<Fold>,
): Promise<Folded> {
  const lanes = parts.map((part) => part.lane);
  const lane = lanes.map(({ name }) => name).join(' ');
  const count = parts.reduce((sum, { records }) => sum + records.length, 0);
  const folded = await inInboxTransaction(dataSource, async (tx) => {
    const locked = lockLanes(tx, lanes).then(() => announce('batch.begun', { lane, count, transaction: tx }));
    const fold = await work(tx, locked);
    const { parked, unheeded, handled, repeated } = fold;
    const [outbox] = await Promise.all([
      writeOutbox(tx, fold.outbox),
      fold.claim(),
      advanceLanes(
        tx,
        parts.map((part) => ({ ...part, offset: part.records.at(-1)!.record.offset })),
      ),
    ]);
    announce('batch.written', { lane, count: outbox.length, transaction: tx });
    return { outbox, parked, unheeded, handled, repeated, statements: tx.statements, wakeAt: tx.wakeAt };
  });
  announce('batch.committed', { lane, count: folded.outbox.length });
  return folded;
}
