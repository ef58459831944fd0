import { eventually, type ServiceProcess, startSystem, type System } from '#testing';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { databaseOptions } from '#service';
import { DataSource } from 'typeorm';

let system: System;
let walletProcess: ServiceProcess;
let dataSource: DataSource;

beforeAll(async () => {
  system = await startSystem({ only: ['wallet'] });
  [walletProcess] = system.processes.wallet as [ServiceProcess];
  dataSource = await new DataSource(
    databaseOptions({ schema: 'wallet', url: system.adminDatabaseUrl, poolSize: 2, entities: [] }),
  ).initialize();
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await system.stop();
});

it('a service that starts while its inbox is held waits for it, and can be stopped meanwhile', async () => {
  await walletProcess.kill();
  // A day without its partition, which the start makes, and for which nobody may hold the inbox.
  const [newest] = await dataSource.query<{ name: string }[]>(
    `select relid::regclass::text as name from pg_partition_tree('inbox')
     where isleaf and relid::regclass::text ~ '\\d{8}$' order by 1 desc limit 1`,
  );
  await dataSource.query(`drop table ${newest!.name}`);
  const holder = dataSource.createQueryRunner();
  await holder.startTransaction();
  await holder.query('select from inbox limit 1');

  walletProcess.spawn();
  await waitsOnce();
  await walletProcess.stop();
  expect(walletProcess.isRunning).toBe(false);

  walletProcess.spawn();
  await waitsOnce();
  await holder.rollbackTransaction();
  await holder.release();
  await walletProcess.ready();
  expect(await dataSource.query('select to_regclass($1) as made', [newest!.name])).toEqual([{ made: newest!.name }]);
});

let waits = 0;

/** Until it has said once more that it cannot start yet. */
async function waitsOnce(): Promise<void> {
  waits += 1;
  await eventually(() => walletProcess.output.text().split('cannot start yet').length > waits, { within: 30_000 });
}
