import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { emptyDatabase, type Role, type TestDatabase } from '../src/databases.js';
import { prepareDatabase } from '../src/prepare.js';
import { rowsOf } from '../src/rows.js';

const roles: readonly Role[] = ['queue', 'concert', 'reservation', 'wallet'];
const pairs = roles.flatMap((role) => roles.filter((other) => other !== role).map((other) => [role, other] as const));
const insufficientPrivilege = '42501';
const readOnlyTransaction = '25006';

describe("a service's role", () => {
  let database: TestDatabase;
  const tables = new Map<Role, string[]>();

  beforeAll(async () => {
    database = await emptyDatabase();
    await prepareDatabase(database.adminUrl);
    const found = await rowsOf<{ schema: Role; name: string }>(
      database.adminUrl,
      `select schemaname as schema, tablename as name from pg_tables where schemaname = any($1)`,
      [roles],
    );
    for (const role of roles) {
      tables.set(
        role,
        found.filter(({ schema }) => schema === role).map(({ name }) => name),
      );
    }
  });
  afterAll(() => database.drop());

  /** The SQLSTATE that each statement ends with as the role; undefined when it is allowed. */
  async function codesAs(role: Role | 'auditor', statements: readonly string[]): Promise<(string | undefined)[]> {
    const client = new pg.Client({ connectionString: database.url(role) });
    await client.connect();
    try {
      const codes: (string | undefined)[] = [];
      for (const statement of statements) {
        codes.push(
          await client.query(statement).then(
            () => undefined,
            (error: { code: string }) => error.code,
          ),
        );
      }
      return codes;
    } finally {
      await client.end();
    }
  }

  it.each(roles)('%s reads every table of its own schema', async (role) => {
    const statements = tables.get(role)!.map((table) => `select from ${role}.${table}`);
    expect(statements.length).toBeGreaterThan(5);
    expect(new Set(await codesAs(role, statements))).toEqual(new Set([undefined]));
  });

  it.each(pairs)('%s cannot read, change or add to the schema of %s', async (role, other) => {
    const statements = tables
      .get(other)!
      .flatMap((table) => [`select from ${other}.${table}`, `delete from ${other}.${table}`]);
    statements.push(`create table ${other}.intruder (id int)`, `set role ${other}`);
    expect(new Set(await codesAs(role, statements))).toEqual(new Set([insufficientPrivilege]));
  });

  it.each(roles)('%s makes nothing outside its own schema', async (role) => {
    const statements = [
      'create table public.intruder (id int)',
      'create temporary table intruder (id int)',
      'create schema intruder',
      'create role intruder',
      'create database intruder',
    ];
    expect(await codesAs(role, statements)).toEqual(statements.map(() => insufficientPrivilege));
  });

  it.each([...roles, 'auditor'] as const)(
    '%s has no statement compiled, which takes longer than to run it',
    async (role) => {
      expect(await rowsOf(database.url(role), 'show jit')).toEqual([{ jit: 'off' }]);
    },
  );

  describe('of the auditor', () => {
    const all = () => roles.flatMap((role) => tables.get(role)!.map((table) => `${role}.${table}`));
    const writes = () => [
      ...all().flatMap((table) => [`delete from ${table}`, `truncate ${table}`, `create index on ${table} ((1))`]),
      ...roles.map((role) => `create table ${role}.intruder (id int)`),
      ...roles.map((role) => `set role ${role}`),
      'create table public.intruder (id int)',
      'create temporary table intruder (id int)',
      'create schema intruder',
    ];

    it('reads every table of every service, also one that is made later', async () => {
      await rowsOf(database.url('wallet'), 'create table wallet.made_later (id int)');
      const statements = [...all(), 'wallet.made_later'].map((table) => `select from ${table}`);
      expect(statements.length).toBeGreaterThan(30);
      expect(new Set(await codesAs('auditor', statements))).toEqual(new Set([undefined]));
    });

    it('writes nothing, whatever it sets its transactions to', async () => {
      expect(await codesAs('auditor', ['delete from wallet.wallet', 'create table public.intruder (id int)'])).toEqual([
        readOnlyTransaction,
        readOnlyTransaction,
      ]);
      const [allowed, ...refused] = await codesAs('auditor', ['set default_transaction_read_only = off', ...writes()]);
      expect(allowed).toBeUndefined();
      expect(new Set(refused)).toEqual(new Set([insufficientPrivilege]));
    });
  });
});
