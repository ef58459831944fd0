import { afterAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { emptyDatabase } from './databases.js';
import { infrastructure } from './infrastructure/addresses.js';
import { linkTo } from './tcp-link.js';
import { withTopics } from './topics.js';

describe('the infrastructure of a test file', () => {
  const cleanUps: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  });

  it('gives each caller an empty database of its own', async () => {
    const [one, other] = [await emptyDatabase(), await emptyDatabase()];
    cleanUps.push(one.drop, other.drop);
    expect(one.name).not.toBe(other.name);
    await query(one.adminUrl, 'create table seat (id int)');
    await expect(query(other.adminUrl, 'select * from seat')).rejects.toThrow('does not exist');
  });

  it('gives topics under a prefix of its own, and drops them', async () => {
    const topics = await withTopics([{ name: 'orders', partitions: 2 }]);
    expect(topics.named('orders')).toBe(`${topics.prefix}orders`);
    await topics.drop();
  });

  it('can cut a database off and mend it', async () => {
    const server = new URL(infrastructure().postgresUrl);
    const link = await linkTo(server.hostname, Number(server.port));
    cleanUps.push(() => link.close());
    const url = new URL(server);
    url.port = String(link.port);
    expect(await query(url.href, 'select 1 as one')).toEqual([{ one: 1 }]);
    link.cut();
    await expect(query(url.href, 'select 1')).rejects.toThrow();
    link.mend();
    expect(await query(url.href, 'select 2 as two')).toEqual([{ two: 2 }]);
  });
});

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}
