import { randomBytes } from 'node:crypto';
import { asAdmin, oneAtATime } from './admin-connection.js';
import { infrastructure, type InfrastructureAddresses } from './infrastructure/addresses.js';
import { prepareDatabase } from './prepare.js';

export type Role = 'queue' | 'concert' | 'reservation' | 'wallet';

/** A database of one test file's own. Dropped by `drop()`, and at the latest with the server after the run. */
export interface TestDatabase {
  readonly name: string;
  /** A superuser's URL: sees every schema. */
  readonly adminUrl: string;
  /** The URL of one service, whose role sees its own schema only, or of the auditor, who reads all of them. */
  url(role: Role | 'auditor'): string;
  drop(): Promise<void>;
}

const TEMPLATE = 'migrated_template';

/** A copy of the migrated template: every role, schema and table as `npm start` makes them, no rows. About 100 ms. */
export async function cloneDatabase(servers = infrastructure()): Promise<TestDatabase> {
  await ensureTemplate(servers);
  return createDatabase(`template "${TEMPLATE}"`, servers);
}

/** A database with nothing in it, for tests of what makes the tables. */
export function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase('', infrastructure());
}

async function createDatabase(options: string, servers: InfrastructureAddresses): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin((admin) => admin.query(`create database "${name}" ${options}`), servers);
  return {
    name,
    adminUrl: urlOf(servers, name),
    url: (role) => urlOf(servers, name, role),
    drop: () => asAdmin((admin) => admin.query(`drop database if exists "${name}" with (force)`), servers),
  };
}

/** Made once per server, by the first test file that asks, under another name until it is whole. */
function ensureTemplate(servers: InfrastructureAddresses): Promise<void> {
  return oneAtATime(async (admin) => {
    const { rowCount } = await admin.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount) return;
    const unfinished = `${TEMPLATE}_unfinished`;
    await admin.query(`drop database if exists "${unfinished}" with (force)`);
    await admin.query(`create database "${unfinished}"`);
    await prepareDatabase(urlOf(servers, unfinished));
    await admin.query(`alter database "${unfinished}" rename to "${TEMPLATE}"`);
  }, servers);
}

function urlOf({ postgresUrl }: InfrastructureAddresses, database: string, role?: Role | 'auditor'): string {
  const url = new URL(postgresUrl);
  url.pathname = `/${database}`;
  if (role) {
    url.username = role;
    url.password = role;
  }
  return url.href;
}
