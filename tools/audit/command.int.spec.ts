import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '#embedded';
import { childEnvironment, cloneDatabase, eventually, rowsOf, type TestDatabase } from '#testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { AuditReport } from './audit.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await cloneDatabase();
});
afterAll(() => database.drop());

/** The built command, as `npm run audit` calls it. */
class Command {
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(args: readonly string[], environment: Record<string, string> = {}) {
    const env = { ...childEnvironment, AUDIT_DATABASE_URL: database.url('auditor'), ...environment };
    this.process = spawn(process.execPath, ['dist/tools/audit.js', ...args], { env });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (text) => (this.output += text));
    this.ended = once(this.process, 'close').then(([code]) => code as number | null);
  }
}

const violate = () => rowsOf(database.adminUrl, `insert into wallet.wallet values ('ada', 7, now())`);
const mend = () => rowsOf(database.adminUrl, `delete from wallet.wallet`);

describe('npm run audit', () => {
  afterEach(mend);

  it('tells of each invariant that it holds, and how many rows it looked at', async () => {
    const command = new Command(['--at-rest']);
    expect(await command.ended).toBe(0);
    expect(command.output).toMatch(/^audit of a system at rest, as it was at \d{4}-/);
    expect(command.output).toMatch(/^I13 {2}the ledger sums to zero +0 rows {2}holds$/m);
    expect(command.output).toMatch(/every invariant holds\n$/);
  });

  it('tells what violates an invariant and which rows do, and fails', async () => {
    await violate();
    const command = new Command([]);
    expect(await command.ended).toBe(1);
    expect(command.output).toMatch(
      /^I13 {2}each wallet is the sum of its entries +1 rows {2}1 violation\n {7}a wallet differs from its entries: ada$/m,
    );
    expect(command.output).toMatch(/\n1 violation\n$/);
  });

  it('tells it all in JSON', async () => {
    await violate();
    const command = new Command(['--json']);
    expect(await command.ended).toBe(1);
    const report = JSON.parse(command.output) as AuditReport;
    expect(report).toMatchObject({ atRest: false, violations: 1 });
    expect(report.checks.find(({ name }) => name === 'each wallet is the sum of its entries')).toEqual({
      id: 'I13',
      name: 'each wallet is the sum of its entries',
      rows: 1,
      violations: 1,
      listed: [{ what: 'a wallet differs from its entries', which: 'ada' }],
    });
  });

  it('ends with 2 when it cannot look, and says why', async () => {
    const away = new Command([], { AUDIT_DATABASE_URL: 'postgres://auditor:auditor@127.0.0.1:1/postgres' });
    expect(await away.ended).toBe(2);
    expect(away.output).toContain('could not look: connect ECONNREFUSED');
    const unclear = new Command(['--at-rest', '--sometimes']);
    expect(await unclear.ended).toBe(2);
    expect(unclear.output).toContain('usage: npm run audit');
  });
});

describe('npm run audit --watch', () => {
  it('keeps looking, shows what it found as metrics, and ends when it is told to', async () => {
    const port = await freePort();
    const command = new Command(['--watch', '1', '--port', String(port)]);
    try {
      const get = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${port}${path}`);
        return { status: response.status, text: await response.text() };
      };
      const metrics = async () => (await get('/metrics')).text;
      await eventually(async () => (await metrics()).includes('audit_violations{invariant="I13"} 0'));
      expect(await get('/health/live')).toEqual({ status: 200, text: '{"live":true}' });
      expect((await get('/anything')).status).toBe(404);
      await violate();
      await eventually(async () => (await metrics()).includes('audit_violations{invariant="I13"} 1'));
      expect(await metrics()).toMatch(/^audit_rows\{invariant="I13"\} [1-9]/m);
      const looked = Number(/^audit_last_success_timestamp_seconds (\S+)$/m.exec(await metrics())?.[1]);
      expect(Math.abs(looked - Date.now() / 1_000)).toBeLessThan(60);
      await mend();
      await eventually(async () => (await metrics()).includes('audit_violations{invariant="I13"} 0'));
    } finally {
      command.process.kill('SIGTERM');
    }
    expect(await command.ended).toBe(0);
  });

  it('ends in the middle of a look', async () => {
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query('begin');
    await admin.query('lock table wallet.entry in access exclusive mode');
    const command = new Command(['--watch', '1', '--port', String(await freePort())]);
    const waiting = `select 1 from pg_stat_activity where application_name = 'audit' and wait_event_type = 'Lock'`;
    await eventually(async () => (await rowsOf(database.adminUrl, waiting)).length === 1);
    command.process.kill('SIGTERM');
    expect(await command.ended).toBe(0);
    expect(command.output).toBe('');
    await admin.end();
  });

  it('stays alive while it cannot look, and tells each time', async () => {
    const port = await freePort();
    const command = new Command(['--watch', '1', '--port', String(port)], {
      AUDIT_DATABASE_URL: 'postgres://auditor:auditor@127.0.0.1:1/postgres',
    });
    await eventually(() => command.output.split('could not look').length > 2);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).not.toContain('audit_violations{');
    command.process.kill('SIGTERM');
    expect(await command.ended).toBe(0);
  });
});
