import pg from 'pg';
import { infrastructure, type InfrastructureAddresses } from './infrastructure/addresses.js';

/** Any number: the advisory lock that Jest's workers take turns with. */
const LOCK = 727_001;

/** Runs `work` on a superuser's connection of its own to the maintenance database; session locks end with it. */
export async function asAdmin(
  work: (admin: pg.Client) => Promise<unknown>,
  { postgresUrl } = infrastructure(),
): Promise<void> {
  const admin = new pg.Client({ connectionString: postgresUrl });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

/** The same, one after another among all workers of the test run. */
export function oneAtATime(
  work: (admin: pg.Client) => Promise<unknown>,
  servers: InfrastructureAddresses,
): Promise<void> {
  return asAdmin(async (admin) => {
    await admin.query('select pg_advisory_lock($1)', [LOCK]);
    await work(admin);
  }, servers);
}
