import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { infrastructure, type OwnServers, rowsOf, startServers } from '#testing';

/** Longer than any answer takes here, ms. */
const SILENCE_MS = 1_500;

describe('servers of a test’s own', () => {
  let servers: OwnServers;
  beforeAll(async () => {
    servers = await startServers();
  }, 120_000);
  afterAll(() => servers.stop());

  const query = (sql: string) => rowsOf(servers.addresses.postgresUrl, sql);

  /** A client that tries once. */
  const impatient = (requestTimeout = 1_000) =>
    new Kafka({
      brokers: [...servers.addresses.kafkaBrokers],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 1_000,
      requestTimeout,
      enforceRequestTimeout: true,
      retry: { retries: 0 },
    }).admin();

  async function topics(): Promise<string[]> {
    const admin = impatient();
    try {
      await admin.connect();
      return await admin.listTopics();
    } finally {
      await admin.disconnect();
    }
  }

  it('are not those of the test run', () => {
    expect(servers.addresses.kind).toBe(infrastructure().kind);
    expect(servers.addresses.postgresUrl).not.toBe(infrastructure().postgresUrl);
    expect(servers.addresses.kafkaBrokers).not.toEqual(infrastructure().kafkaBrokers);
  });

  it('fail their clients when killed, and have their data on the same address when started again', async () => {
    await query('create table kept (id int primary key)');
    await query('insert into kept values (1)');
    const admin = impatient();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'kept' }], waitForLeaders: false });
    await admin.disconnect();

    await Promise.all([servers.postgres.kill(), servers.kafka.kill()]);
    await expect(query('select 1')).rejects.toThrow('ECONNREFUSED');
    await expect(topics()).rejects.toThrow('ECONNREFUSED');

    await Promise.all([servers.postgres.start(), servers.kafka.start()]);
    expect(await query('select id from kept')).toEqual([{ id: 1 }]);
    expect(await topics()).toContain('kept');
  }, 120_000);

  it('are silent while paused, also to who is connected already, and go on when resumed', async () => {
    const admin = impatient(SILENCE_MS);
    const client = new pg.Client({ connectionString: servers.addresses.postgresUrl });
    await Promise.all([admin.connect(), client.connect()]);
    await Promise.all([servers.postgres.pause(), servers.kafka.pause()]);
    let answered = false;
    const waits = client.query('select 2 as two').finally(() => (answered = true));
    await expect(admin.listTopics()).rejects.toThrow('timed out');
    await expect(topics()).rejects.toThrow(/time/i);
    expect(answered).toBe(false);

    await Promise.all([servers.postgres.resume(), servers.kafka.resume()]);
    expect((await waits).rows).toEqual([{ two: 2 }]);
    expect(await query('select 3 as three')).toEqual([{ three: 3 }]);
    expect(await topics()).toContain('kept');
    await Promise.all([admin.disconnect(), client.end()]);
  });

  it('can be stopped while paused, for a test may fail there', async () => {
    await Promise.all([servers.postgres.pause(), servers.kafka.pause()]);
    await servers.stop();
    await expect(query('select 1')).rejects.toThrow('ECONNREFUSED');
  });
});
