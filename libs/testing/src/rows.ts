import pg from 'pg';

/**
 * Rows of one statement on a connection of its own, for what the public API does not show: `rowsOf(system.adminDatabaseUrl,
 * 'select count(*)::int as places from queue.place')`. Schemas are named in the statement.
 */
export async function rowsOf<Row extends object = Record<string, any>>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql, [...values])).rows;
  } finally {
    await client.end();
  }
}
