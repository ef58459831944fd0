import { randomBytes } from 'node:crypto';
import { asAdmin, oneAtATime } from './admin-connection.js';
import { infrastructure } from './infrastructure/addresses.js';
import { prepareDatabase } from './prepare.js';

export type Role = 'queue' | 'concert' | 'reservation' | 'wallet';

/** A database of one test file's own. Dropped by `drop()`, and at the latest with the server after the run. */
export interface TestDatabase {
  readonly name: string;
  /** A superuser's URL: sees every schema. */
  readonly adminUrl: string;
  /** The URL of one service: its role sees its own schema only. */
  url(role: Role): string;
  drop(): Promise<void>;
}

const TEMPLATE = 'migrated_template';

/** A copy of the migrated template: every role, schema and table as `npm start` makes them, no rows. About 100 ms. */
export async function cloneDatabase(): Promise<TestDatabase> {
  await ensureTemplate();
  return createDatabase(`template "${TEMPLATE}"`);
}

/** A database with nothing in it, for tests of what makes the tables. */
export function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase('');
}

async function createDatabase(options: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin((admin) => admin.query(`create database "${name}" ${options}`));
  return {
    name,
    adminUrl: urlOf(name),
    url: (role) => urlOf(name, role),
    drop: () => asAdmin((admin) => admin.query(`drop database if exists "${name}" with (force)`)),
  };
}

/** Made once per run, by the first test file that asks, under another name until it is whole. */
function ensureTemplate(): Promise<void> {
  return oneAtATime(async (admin) => {
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount) return;
    const unfinished = `${TEMPLATE}_unfinished`;
    await admin.query(`drop database if exists "${unfinished}" with (force)`);
    await admin.query(`create database "${unfinished}"`);
    await prepareDatabase(urlOf(unfinished));
    await admin.query(`alter database "${unfinished}" rename to "${TEMPLATE}"`);
  });
}

function urlOf(database: string, role?: Role): string {
  const url = new URL(infrastructure().postgresUrl);
  url.pathname = `/${database}`;
  if (role) {
    url.username = role;
    url.password = role;
  }
  return url.href;
}
