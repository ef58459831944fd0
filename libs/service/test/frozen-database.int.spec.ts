import { eventually, infrastructure, linkTo, type TcpLink } from '#testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { DatabaseCondition } from '../src/database-condition.js';
import { isTransientDatabaseFault } from '../src/database-faults.js';
import { databaseOptions } from '../src/database.js';
import { Health } from '../src/health.js';

let link: TcpLink;
let dataSource: DataSource;
let condition: DatabaseCondition;
const health = new Health();

beforeAll(async () => {
  const url = new URL(infrastructure().postgresUrl);
  link = await linkTo(url.hostname, Number(url.port));
  url.port = String(link.port);
  dataSource = await new DataSource(
    databaseOptions({ schema: 'public', url: url.href, poolSize: 3, entities: [] }),
  ).initialize();
  condition = new DatabaseCondition(dataSource, health);
  condition.onApplicationBootstrap();
});

afterAll(async () => {
  condition.onModuleDestroy();
  await dataSource.destroy();
  await link.close();
});

it('a database that is frozen is told of, its queries end as a transient fault, and it is used again once it moves', async () => {
  await eventually(() => health.report().ready);
  link.freeze();
  const query = dataSource.query('select 1').catch((error: unknown) => error);
  await eventually(() => !health.report().ready, { within: 30_000 });
  expect(health.report().live).toBe(true);
  // No answer and no broken connection: without a limit of its own it would wait for ever.
  const fault = await Promise.race([query, new Promise((resolve) => setTimeout(resolve, 60_000).unref())]);
  expect(isTransientDatabaseFault(fault)).toBe(true);

  link.mend();
  await eventually(() => health.report().ready);
  expect(await dataSource.query('select 2 as two')).toEqual([{ two: 2 }]);
});

it('a connection that ends between two statements of a transaction is a transient fault, too', async () => {
  const fault = await dataSource
    .transaction(async (manager) => {
      const [{ pid }] = await manager.query<[{ pid: number }]>('select pg_backend_pid() as pid');
      await dataSource.query('select pg_terminate_backend($1)', [pid]);
      await eventually(() => manager.queryRunner!.isReleased);
      return manager.query('select 2');
    })
    .catch((error: unknown) => error);
  expect(isTransientDatabaseFault(fault)).toBe(true);
});
