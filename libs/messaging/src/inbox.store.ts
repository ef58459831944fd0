import type { DataSource } from 'typeorm';
import { contractOf } from './envelope.js';
import type { Outcome } from './message.js';
import { inTransaction, type Transaction } from './transaction.js';

/** What the inbox keeps of a message: its outcome, or that it was parked. */
export type Recorded = Outcome | { readonly kind: 'parked'; readonly reason: string };

export interface SeenMessage {
  readonly outcome: Recorded;
  readonly requestHash: string | null;
}

/**
 * Claims the ids for this transaction and tells which were handled before. Ids are inserted in order, so that two
 * transactions with the same ids wait for each other instead of deadlocking.
 * @returns the messages seen before, by id
 */
export async function claimMessages(
  tx: Transaction,
  consumer: string,
  messages: readonly { id: string; requestHash: string | null }[],
): Promise<Map<string, SeenMessage>> {
  const claimed = await tx.query<{ message_id: string }>(
    `insert into inbox (consumer, message_id, request_hash)
     select $1, id, hash from unnest($2::uuid[], $3::text[]) as claim (id, hash) order by id
     on conflict do nothing returning message_id`,
    [consumer, messages.map((message) => message.id), messages.map((message) => message.requestHash)],
  );
  if (claimed.length === messages.length) return new Map();
  const fresh = new Set(claimed.map((row) => row.message_id));
  const seen = await tx.query<{ message_id: string; outcome: StoredOutcome; request_hash: string | null }>(
    'select message_id, outcome, request_hash from inbox where consumer = $1 and message_id = any($2)',
    [consumer, messages.map((message) => message.id).filter((id) => !fresh.has(id))],
  );
  return new Map(seen.map((row) => [row.message_id, { outcome: revive(row.outcome), requestHash: row.request_hash }]));
}

/** Writes the outcomes of the messages claimed in this transaction, in one statement. */
export async function recordOutcomes(
  tx: Transaction,
  consumer: string,
  outcomes: ReadonlyMap<string, Recorded>,
): Promise<void> {
  if (outcomes.size === 0) return;
  await tx.query(
    `update inbox set outcome = decided.outcome
     from unnest($2::uuid[], $3::json[]) as decided (id, outcome)
     where inbox.consumer = $1 and inbox.message_id = decided.id`,
    [consumer, [...outcomes.keys()], [...outcomes.values()].map((outcome) => JSON.stringify(store(outcome)))],
  );
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
  if (id.startsWith('ff')) return true;
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
    await tx.query(`select pg_advisory_xact_lock(hashtext('inbox partitions'))`);
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
