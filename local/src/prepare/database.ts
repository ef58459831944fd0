import pg from 'pg';
import { DataSource } from 'typeorm';
import { passwordOf, type Role, roles, urlOf } from '../roles.js';
import { migrationsOf } from './migrations.js';

/** Any number: whoever prepares this database holds it, so that two at once take turns. */
const lock = 727_002;

/** Roles, schemas and each service's migrations, in the database of an administrator's URL. */
export async function prepareDatabase(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    // Ends with the connection. Waits for another preparation of the same database, which may migrate a while.
    await admin.query('select pg_advisory_lock($1)', [lock]);
    for (const role of roles) await makeRole(admin, role);
    await closeDatabase(admin);
    await Promise.all(roles.map((role) => migrate(role, urlOf(role, adminUrl))));
  } finally {
    await admin.end();
  }
}

/** A role that owns its schema and can do nothing else. Roles belong to the whole server: another database's preparation may be first. */
async function makeRole(admin: pg.Client, role: Role): Promise<void> {
  const password = pg.escapeLiteral(passwordOf(role));
  const attributes = `login nosuperuser nocreatedb nocreaterole noreplication password ${password}`;
  const { rowCount } = await admin.query('select 1 from pg_roles where rolname = $1', [role]);
  if (!rowCount) await unlessMadeMeanwhile(admin.query(`create role ${role} ${attributes}`));
  else if (passwordOf(role) !== role) await admin.query(`alter role ${role} ${attributes}`);
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
  await admin.query(`grant connect on database ${database} to ${roles.join(', ')}`);
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
