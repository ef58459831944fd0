import pg from 'pg';
import type { Check } from './check.js';
import { messages, messagesAtRest } from './messages.js';
import { money } from './money.js';
import { payments, paymentsAtRest } from './payments.js';
import { seats, seatsAtRest } from './seats.js';
import { type RoomRules, waitingRooms } from './waiting-room.js';

/** Of any one statement, ms. */
export const STATEMENT_TIMEOUT_MS = 60_000;

/** Violations that a check lists by default; all are counted. */
export const LISTED_AT_MOST = 100;

export interface AuditOptions {
  /** Nothing is under way: what may be so only for a while is a violation too. */
  readonly atRest?: boolean;
  /** The queue service's settings where they are not its defaults. */
  readonly rooms?: Partial<RoomRules>;
  /** Most violations that each check lists; LISTED_AT_MOST where nothing is said. */
  readonly listedAtMost?: number;
  /** Ends the audit, which then rejects. */
  readonly signal?: AbortSignal;
}

export interface Violation {
  readonly what: string;
  readonly which: string;
}

export interface CheckReport {
  readonly id: string;
  readonly name: string;
  /** Rows that were looked at. */
  readonly rows: number;
  /** How many there are; `listed` has the first of them. */
  readonly violations: number;
  readonly listed: readonly Violation[];
}

export interface AuditReport {
  /** The instant that was judged, by the database's clock. */
  readonly at: Date;
  readonly atRest: boolean;
  readonly checks: readonly CheckReport[];
  readonly violations: number;
}

const byDefault: RoomRules = { activationBatch: 1_000, tickMs: 5_000 };

/**
 * Looks at the rows of all services as they are at one instant, and changes nothing.
 * @param databaseUrl of a role that can read every schema
 * @throws what the database throws when it cannot look
 */
export async function audit(databaseUrl: string, options: AuditOptions = {}): Promise<AuditReport> {
  const { signal } = options;
  signal?.throwIfAborted();
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'audit',
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection that is lost fails the statement that waits on it; between two, the next one.
  client.on('error', () => undefined);
  const leave = () => void client.end();
  signal?.addEventListener('abort', leave);
  try {
    await client.connect();
    await client.query('begin isolation level repeatable read read only');
    return await auditWithin(client, options);
  } finally {
    signal?.removeEventListener('abort', leave);
    await client.end();
  }
}

/** The same within a transaction of the caller's, which must be repeatable read to judge one instant. */
export async function auditWithin(client: pg.Client, options: AuditOptions = {}): Promise<AuditReport> {
  const { atRest = false, listedAtMost = LISTED_AT_MOST } = options;
  const clock = await client.query<{ at: Date }>('select clock_timestamp() as at');
  const checks: CheckReport[] = [];
  for (const check of checksOf(options)) checks.push(await report(client, check, listedAtMost));
  const violations = checks.reduce((sum, check) => sum + check.violations, 0);
  return { at: clock.rows[0]!.at, atRest, checks, violations };
}

/** In the order in which they are told. */
export function checksOf({ atRest = false, rooms = {} }: AuditOptions): Check[] {
  const always = [...waitingRooms({ ...byDefault, ...rooms }), ...money, ...payments, ...seats, ...messages];
  return atRest ? [...always, ...seatsAtRest, ...paymentsAtRest, ...messagesAtRest] : always;
}

async function report(
  client: pg.Client,
  { id, name, rows, violations }: Check,
  listedAtMost: number,
): Promise<CheckReport> {
  const counted = await client.query<{ rows: string | null }>(`select (${rows})::bigint as rows`);
  const found = await client.query<Violation & { total: string }>(
    `select what, which, count(*) over () as total from (${violations}) violation order by what, which limit $1`,
    [listedAtMost],
  );
  return {
    id,
    name,
    rows: Number(counted.rows[0]?.rows ?? 0),
    violations: Number(found.rows[0]?.total ?? 0),
    listed: found.rows.map(({ what, which }) => ({ what, which })),
  };
}
