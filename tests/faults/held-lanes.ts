import pg from 'pg';
import type { Role, System } from '#testing';

/**
 * Locks lanes of a service until released: its process has the messages in hand and cannot handle them, which it takes
 * for a transient fault. So a step of a saga stands still for as long as a test needs, with every process running.
 */
export async function holdLanes(
  { adminDatabaseUrl }: Pick<System, 'adminDatabaseUrl'>,
  lanes: readonly { readonly service: Role; readonly lane: string }[],
): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: adminDatabaseUrl });
  // A database that dies lets them go too.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('begin');
  for (const { service, lane } of lanes) {
    const { rowCount } = await client.query(`select from ${service}.lane where name = $1 for update`, [lane]);
    if (rowCount !== 1) throw new Error(`no lane ${lane} in ${service}`);
  }
  return {
    // Ends its transaction. Safe to repeat.
    release: () => client.end(),
  };
}
