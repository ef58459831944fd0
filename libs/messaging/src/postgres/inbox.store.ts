import type { DataSource } from 'typeorm';
import { contractOf } from '../messages/envelope.js';
import type { Outcome } from '../messages/message.js';
import { inTransaction, type Transaction } from './transaction.js';

/** What the inbox keeps of a message: its outcome, or that it was parked. */
export type Recorded = Outcome | { readonly kind: 'parked'; readonly reason: string };

/** What came of a message, and the hash of the request that it carried. */
export interface Handled {
  readonly outcome: Recorded;
  readonly requestHash: string | null;
}

/** Another transaction has handled one of the messages meanwhile: with everything undone, the next try will find it. */
export class HandledMeanwhile extends Error {}

/**
 * Tells which of the messages were handled before, by id. A look for each, with `limit 1`: else the planner reads the
 * table as a whole as long as it is young and takes it for small, more of it with each batch. The bounds of the ids leave it
 * only the partitions of their days: planning for all twelve takes ten times as long as the look.
 */
export async function seenMessages(
  tx: Transaction,
  consumer: string,
  ids: readonly string[],
): Promise<Map<string, Handled>> {
  if (ids.length === 0) return new Map();
  const byTime = boundsOf(ids.filter((id) => !isKeyed(id)));
  const keyed = boundsOf(ids.filter(isKeyed));
  const seen = await tx.query<{ message_id: string; outcome: StoredOutcome; request_hash: string | null }>(
    `select seen.* from unnest($2::uuid[]) as asked (id)
     cross join lateral (
       select message_id, outcome, request_hash from inbox
       where message_id = asked.id and consumer = $1
         and (message_id between $3::uuid and $4::uuid or message_id between $5::uuid and $6::uuid)
       limit 1
     ) seen`,
    [consumer, ids, ...byTime, ...keyed],
  );
  return new Map(seen.map((row) => [row.message_id, { outcome: revive(row.outcome), requestHash: row.request_hash }]));
}

/** The lowest and the highest of some ids, as PostgreSQL orders them; nulls, between which nothing is, for none. */
function boundsOf(ids: readonly string[]): [string | null, string | null] {
  const ordered = ids.toSorted();
  return [ordered[0] ?? null, ordered.at(-1) ?? null];
}

/** The same id may come in two partitions at once: the one that ends later begins anew, and then knows it as handled. */
export async function inInboxTransaction<Result>(
  dataSource: DataSource,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await inTransaction(dataSource, work);
    } catch (error) {
      if (!(error instanceof HandledMeanwhile)) throw error;
    }
  }
}

/** A parked message is about to be handled again: the inbox forgets that it was parked, and nothing but that. */
export async function forgetParked(tx: Transaction, consumer: string, id: string): Promise<void> {
  await tx.query(`delete from inbox where consumer = $1 and message_id = $2 and outcome ->> 'kind' = 'parked'`, [
    consumer,
    id,
  ]);
}

/**
 * Claims the ids for this transaction, with what came of each. They are inserted in order, so that two transactions with
 * the same ids wait for each other instead of deadlocking.
 * @throws HandledMeanwhile when one of them was handled since `seenMessages` looked
 */
export async function claimMessages(
  tx: Transaction,
  consumer: string,
  handled: ReadonlyMap<string, Handled>,
): Promise<void> {
  if (handled.size === 0) return;
  const all = [...handled.values()];
  const [claimed] = await tx.query<{ count: bigint }>(
    `with claimed as (
       insert into inbox (consumer, message_id, outcome, request_hash)
       select $1, id, outcome, hash from unnest($2::uuid[], $3::json[], $4::text[]) as claim (id, outcome, hash) order by id
       on conflict do nothing returning 1
     )
     select count(*) from claimed`,
    [
      consumer,
      [...handled.keys()],
      all.map(({ outcome }) => JSON.stringify(store(outcome))),
      all.map(({ requestHash }) => requestHash),
    ],
  );
  if (claimed!.count < handled.size) throw new HandledMeanwhile();
}

type StoredOutcome =
  | Exclude<Recorded, { kind: 'forwarded' }>
  | { kind: 'forwarded'; message: { type: string; id: string; payload: unknown } };

function store(outcome: Recorded): StoredOutcome {
  if (outcome.kind !== 'forwarded') return outcome;
  const { contract, id, payload } = outcome.message;
  return { kind: 'forwarded', message: { type: contract.type, id, payload } };
}

function revive(stored: StoredOutcome): Recorded {
  if (stored.kind !== 'forwarded') return stored;
  const { type, id, payload } = stored.message;
  return { kind: 'forwarded', message: { contract: contractOf(type), id, payload, replyTo: null } };
}

/** Made from a client's idempotency key: such ids have a partition of their own. */
function isKeyed(id: string): boolean {
  return id.startsWith('ff');
}

const day = 24 * 60 * 60 * 1000;
const keptDays = 8;
const daysAhead = 3;
/** Ids are remembered for 8 days; past 7 a message could be handled twice, so it is not handled at all. */
const horizonMs = 7 * day;

/** Whether a message was appended so long ago that nobody can tell whether it was handled. `now` as for `inboxTakes`. */
export function isTooOld(appendedAt: number, now: Date): boolean {
  return now.getTime() - appendedAt > horizonMs;
}

/**
 * Whether the inbox has room for this id: one made from a client's key (first byte ff), or a UUIDv7 of the kept days. Any
 * other has no partition, and inserting it would fail for ever. The edges stay a day clear of the partitions' own, so
 * that a late tending does not matter. `now` is the database's clock, as it is for the partitions: by that of a host that
 * is wrong, whole topics would be parked.
 */
export function inboxTakes(id: string, at: Date): boolean {
  if (isKeyed(id)) return true;
  const now = at.getTime();
  const madeAt = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  return madeAt >= now - (keptDays - 1) * day && madeAt < now + (daysAhead - 1) * day;
}

/**
 * Makes the inbox's partitions for the coming days and drops those past the kept horizon. A missing day would fail every
 * insert, so this runs at the start and every hour, and nothing else can undo it.
 */
export async function tendInbox(dataSource: DataSource): Promise<void> {
  await inTransaction(dataSource, async (tx) => {
    // Advisory locks are the whole database's, and each service has its own inbox there.
    await tx.query(`select pg_advisory_xact_lock(hashtext('inbox partitions'), hashtext(current_schema()))`);
    const [clock] = await tx.query<{ now: Date }>('select clock_timestamp() as now');
    const today = Math.floor(clock!.now.getTime() / day);
    const existing = await tx.query<{ name: string }>(
      `select relid::regclass::text as name from pg_partition_tree('inbox') where isleaf`,
    );
    const names = new Set(existing.map((row) => row.name));
    for (let ago = keptDays; ago >= -daysAhead; ago -= 1) {
      const name = partitionName(today - ago);
      if (names.has(name)) continue;
      const [from, to] = [firstIdOf(today - ago), firstIdOf(today - ago + 1)];
      await tx.manager.query(`create table ${name} partition of inbox for values from ('${from}') to ('${to}')`);
    }
    const oldest = partitionName(today - keptDays);
    for (const name of names) {
      if (/^inbox_\d{8}$/.test(name) && name < oldest) await tx.manager.query(`drop table ${name}`);
    }
  });
}

/** Most keyed ids that one statement forgets. */
const forgetPage = 10_000;

/** Deletes keyed ids past the kept days, in pages: however many there are, no statement runs into its timeout. */
export async function forgetKeyedIds(dataSource: DataSource, page = forgetPage): Promise<void> {
  for (;;) {
    const [, count] = await dataSource.query<[unknown, number]>(
      `delete from inbox_keyed where ctid = any(array(
         select ctid from inbox_keyed where received_at < clock_timestamp() - $1 * interval '1 day'
         order by received_at limit $2 for update skip locked))`,
      [keptDays, page],
    );
    if (count < page) return;
  }
}

function partitionName(dayNumber: number): string {
  return `inbox_${new Date(dayNumber * day).toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** The least UUIDv7 of a day: 48 bits of milliseconds lead. */
function firstIdOf(dayNumber: number): string {
  const time = (dayNumber * day).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}
