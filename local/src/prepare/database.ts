import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { auditor, type Login, passwordOf, type Role, roles, urlOf } from '../roles.js';
import { migrationsOf } from './migrations.js';

/** Any number: whoever prepares this database holds it, so that two at once take turns. */
const lock = 727_002;

/** Longest wait for another preparation, which may migrate a while, ms. */
const turnMs = 600_000;

/** Roles, schemas and each service's migrations, and an auditor who reads them all, in the database of an administrator's URL. */
export async function prepareDatabase(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await takeTurn(admin);
    for (const role of roles) await makeOwner(admin, role);
    await makeLogin(admin, auditor, { default_transaction_read_only: 'on' });
    await closeDatabase(admin);
    for (const role of roles) await openToAuditor(admin, role);
    await Promise.all(roles.map((role) => migrate(role, urlOf(role, adminUrl))));
  } finally {
    await admin.end();
  }
}

/**
 * What each connection of ours begins with. Statements over partitions look dear to the planner, and compiling one takes
 * a hundred times as long as running it: 350 ms for the audit of a hundred rows.
 */
const sessionSettings = { jit: 'off' };

/**
 * A role that can connect and do nothing else. Roles belong to the whole server: another database's preparation may be
 * first.
 */
async function makeLogin(
  admin: pg.Client,
  role: Login,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const password = pg.escapeLiteral(passwordOf(role));
  const attributes = `login nosuperuser nocreatedb nocreaterole noreplication password ${password}`;
  const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [role]);
  const set = Object.entries({ ...sessionSettings, ...settings }).map(
    ([name, value]) => `; alter role ${role} set ${name} = ${value}`,
  );
  // One transaction: a role is there with its settings, or not at all.
  if (!rowCount) await unlessMadeMeanwhile(admin.query(`create role ${role} ${attributes}${set.join('')}`));
  else if (passwordOf(role) !== role) await admin.query(`alter role ${role} ${attributes}`);
}

/**
 * Waits until no other preparation of this database runs; the turn ends with the connection. Asked for again and again:
 * one that waited inside the database would be a running statement, for whose end an index that the other one builds
 * concurrently waits in its turn.
 */
async function takeTurn(admin: pg.Client): Promise<void> {
  const end = performance.now() + turnMs;
  while (performance.now() < end) {
    const { rows } = await admin.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [lock]);
    if (rows[0]?.taken) return;
    await pause(200);
  }
  throw new Error(`another preparation of this database has not ended within ${turnMs / 1000} s`);
}

/** A role that owns its schema. */
async function makeOwner(admin: pg.Client, role: Role): Promise<void> {
  await makeLogin(admin, role);
  // Who is no superuser must be a member to give the role a schema.
  const { rows } = await admin.query<{ usesuper: boolean }>(
    'select usesuper from pg_user where usename = current_user',
  );
  if (!rows[0]?.usesuper) await admin.query(`grant ${role} to current_user`);
  await admin.query(`create schema if not exists ${role} authorization ${role}`);
}

const duplicateObject = '42710';
const uniqueViolation = '23505';

async function unlessMadeMeanwhile(creation: Promise<unknown>): Promise<void> {
  await creation.catch((error: { code?: string }) => {
    if (error.code !== duplicateObject && error.code !== uniqueViolation) throw error;
  });
}

/** Takes from everybody what PostgreSQL gives to everybody: connecting, temporary tables, the schema `public`. */
async function closeDatabase(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ name: string }>('select current_database() as name');
  const database = pg.escapeIdentifier(rows[0]?.name ?? '');
  await admin.query(`revoke all on database ${database} from public`);
  await admin.query('revoke all on schema public from public');
  await admin.query(`grant connect on database ${database} to ${[...roles, auditor].join(', ')}`);
}

/** Lets the auditor read what the role's schema has, and what the role will ever make in it. */
async function openToAuditor(admin: pg.Client, role: Role): Promise<void> {
  await admin.query(`grant usage on schema ${role} to ${auditor}`);
  await admin.query(`grant select on all tables in schema ${role} to ${auditor}`);
  await admin.query(`alter default privileges for role ${role} in schema ${role} grant select on tables to ${auditor}`);
}

/** Runs the migrations that the schema's table `migrations` does not name, each in its transaction, as the service's own role. */
async function migrate(role: Role, url: string): Promise<void> {
  const source = new DataSource({
    type: 'postgres',
    url,
    schema: role,
    migrations: await migrationsOf(role),
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    installExtensions: false,
    poolSize: 2,
    applicationName: `migrate ${role}`,
    extra: { options: `-c search_path=${role}` },
  });
  await source.initialize();
  try {
    const ran = await source.runMigrations();
    for (const { name } of ran) process.stdout.write(`${role}: ${name}\n`);
  } catch (error) {
    throw new Error(`migration of ${role} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    await source.destroy();
  }
}
