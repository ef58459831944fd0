import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cloneDatabase, type TestDatabase } from '#testing';
import pg from 'pg';
import { audit, type AuditReport, auditWithin, checksOf, LISTED_AT_MOST } from './audit.js';
import { History } from './test/history.js';
import { inPurchases } from './test/planted-in-purchases.js';
import { inWaitingRooms } from './test/planted-in-rooms.js';
import { elsewhere, type Planted } from './test/planted.js';
import { type Purchase, settled, underWay } from './test/purchases.js';

const planted = [...inWaitingRooms, ...elsewhere, ...inPurchases];
const violated = ({ checks }: AuditReport) => checks.filter(({ violations }) => violations > 0);
const listed = (report: AuditReport) => violated(report).flatMap((check) => check.listed);

describe('an audit', () => {
  /** One whose sagas all rest, and one with a saga at every place between two messages as well. */
  const databases = {} as Record<'atRest' | 'live', TestDatabase>;

  beforeAll(async () => {
    databases.atRest = await databaseWith(Object.values(settled));
    databases.live = await databaseWith([...Object.values(settled), ...Object.values(underWay)]);
  });
  afterAll(() => Promise.all([databases.atRest.drop(), databases.live.drop()]));

  it('looks at the rows of a live system, and finds no false alarm in the middle of a saga', async () => {
    const report = await audit(databases.live.url('auditor'));
    expect(listed(report)).toEqual([]);
    expect(report.violations).toBe(0);
    const empty = report.checks.filter(({ rows }) => rows === 0).map(({ name }) => name);
    // Nothing waits to be published.
    expect(empty).toEqual(['no message waits to be published for more than 60 s']);
  });

  it('finds nothing in a system at rest, and in a live one what is under way', async () => {
    expect(listed(await audit(databases.atRest.url('auditor'), { atRest: true }))).toEqual([]);
    const live = violated(await audit(databases.live.url('auditor'), { atRest: true }));
    expect(live.map(({ name }) => name)).toEqual([
      'live claims and reservations agree exactly',
      'no payment is open',
      'no cancellation is open',
      'each hold has become a reservation',
      'no message is parked',
    ]);
  });

  it('knows one planted violation of each check at least', () => {
    const names = checksOf({ atRest: true }).map(({ name }) => name);
    expect(new Set(planted.map(({ check }) => check))).toEqual(new Set(names));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(planted.map((each) => [`${each.check}: ${each.found[0]![0]}`, each] as const))(
    'sees what breaks "%s", and nothing else',
    async (_, { check, sql, found, atRest = false }) => {
      const { report, which } = await harmed(databases[atRest ? 'atRest' : 'live'], { sql, found, atRest });
      const expected = found.map(([what], index) => ({ what, which: which[index]! }));
      expect(listed(report)).toEqual(expect.arrayContaining(expected));
      expect(report.violations).toBe(expected.length);
      // Whatever is seen besides is of the same invariant.
      const { id } = checksOf({ atRest: true }).find(({ name }) => name === check)!;
      expect(violated(report).map(({ name }) => name)).toContain(check);
      expect(new Set(violated(report).map((each) => each.id))).toEqual(new Set([id]));
    },
  );

  it('counts all violations and lists the first of them', async () => {
    const many = LISTED_AT_MOST + 7;
    const sql = [`insert into wallet.wallet select 'nobody-' || n, 1, now() from generate_series(1, ${many}) as n`];
    const { report } = await harmed(databases.live, { sql, found: [], atRest: false });
    const [check] = violated(report);
    expect(check).toMatchObject({ name: 'each wallet is the sum of its entries', violations: many });
    expect(check!.listed).toHaveLength(LISTED_AT_MOST);
  });

  it('judges rooms by their own figures, and by the settings it is told where they have none', async () => {
    const rooms = { activationBatch: 2, tickMs: 60_001 };
    const names = async (database: TestDatabase) =>
      violated(await audit(database.url('auditor'), { rooms })).map(({ name }) => name);
    expect(await names(databases.live)).toEqual([
      'no tick activated more than its batch',
      'no two ticks were closer than the interval',
      'no interval saw more activations than a batch',
    ]);
    const own = ['update queue.waiting_room set activation_batch = 1000, tick_ms = 60000'];
    const { report } = await harmed(databases.live, { sql: own, found: [], atRest: false, rooms });
    expect(listed(report)).toEqual([]);
  });

  it('judges ticks by the figures that held when they came, whatever the room has since', async () => {
    const rooms = { activationBatch: 2, tickMs: 60_001 };
    const sql = [
      'update queue.activation_log set activation_batch = activated + passed_over + 1, tick_ms = 60000',
      'update queue.waiting_room set activation_batch = 1, tick_ms = 3600000',
    ];
    const { report } = await harmed(databases.live, { sql, found: [], atRest: false, rooms });
    expect(listed(report)).toEqual([]);
  });

  it('says so when it cannot look', async () => {
    await expect(audit(databases.live.url('wallet'))).rejects.toThrow('permission denied for schema queue');
    const nobody = new URL(databases.live.url('auditor'));
    nobody.port = '1';
    await expect(audit(nobody.href)).rejects.toThrow();
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(audit(databases.live.url('auditor'), { signal: stopped })).rejects.toThrow('stopped');
  });
});

async function databaseWith(purchases: readonly Purchase[]): Promise<TestDatabase> {
  const database = await cloneDatabase();
  const client = await connected(database);
  await new History(client).write(purchases);
  await client.end();
  return database;
}

async function connected(database: TestDatabase): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.adminUrl });
  await client.connect();
  return client;
}

type Harm = Pick<Planted, 'sql' | 'found'> & { atRest: boolean; rooms?: { activationBatch: number; tickMs: number } };

/** The audit's report within a transaction that does the harm and is taken back. */
async function harmed(database: TestDatabase, { sql, found, atRest, rooms = undefined }: Harm) {
  const client = await connected(database);
  try {
    await client.query('begin isolation level repeatable read');
    // Neither foreign keys nor the triggers that refuse changes stand in the way.
    await client.query('set local session_replication_role = replica');
    const which: string[] = [];
    for (const [, row] of found) {
      const read = await client.query<{ which: string }>(`select ${row}::text as which`);
      which.push(read.rows[0]!.which);
    }
    for (const statement of sql) await client.query(statement);
    return { which, report: await auditWithin(client, rooms ? { atRest, rooms } : { atRest }) };
  } finally {
    await client.end();
  }
}
