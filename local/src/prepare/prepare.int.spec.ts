import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '#contracts';
import { dropTopics, emptyDatabase, freshPrefix, infrastructure, type TestDatabase } from '#testing';
import { type Admin, ConfigResourceTypes, Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { type Role, roles } from '../roles.js';
import { prepareDatabase } from './database.js';
import { prepareTopics } from './topics.js';

describe('preparing a database', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await emptyDatabase();
    // Two at once take turns.
    await Promise.all([prepareDatabase(database.adminUrl), prepareDatabase(database.adminUrl)]);
  });

  afterAll(() => database.drop());

  it('runs every migration once, and none when it is repeated', async () => {
    const before = await ranMigrations();
    expect(Object.keys(before)).toEqual([...roles]);
    for (const names of Object.values(before)) expect(new Set(names).size).toBe(names.length);
    await prepareDatabase(database.adminUrl);
    expect(await ranMigrations()).toEqual(before);
  });

  it('gives each role its own schema, its tables included', async () => {
    for (const role of roles) {
      const [row] = await query<{ owners: string[] }>(
        database.adminUrl,
        `select array_agg(distinct tableowner::text) as owners from pg_tables where schemaname = '${role}'`,
      );
      expect(row?.owners).toEqual([role]);
    }
  });

  it.each(roles)('lets %s into no other schema', async (role) => {
    for (const other of roles.filter((one) => one !== role)) {
      expect(await refusal(role, `select * from ${other}.inbox`)).toBe('42501');
      expect(await refusal(role, `insert into ${other}.timer (name) values ('x')`)).toBe('42501');
      expect(await refusal(role, `create table ${other}.mine (id int)`)).toBe('42501');
    }
  });

  it.each(roles)('lets %s make nothing outside its schema', async (role) => {
    for (const statement of [
      'create table public.mine (id int)',
      'create temporary table mine (id int)',
      'create schema mine',
      'create role mine',
      'create database mine',
    ]) {
      expect([statement, await refusal(role, statement)]).toEqual([statement, '42501']);
    }
  });

  async function ranMigrations(): Promise<Record<string, string[]>> {
    const names: Record<string, string[]> = {};
    for (const role of roles) {
      const rows = await query<{ name: string }>(database.url(role), `select name from ${role}.migrations order by id`);
      names[role] = rows.map(({ name }) => name);
    }
    return names;
  }

  /** The SQLSTATE a role's statement fails with; `done` when it does not fail. */
  async function refusal(role: Role, statement: string): Promise<string | undefined> {
    return query(database.url(role), statement).then(
      () => 'done',
      (error: { code?: string }) => error.code,
    );
  }
});

describe('preparing topics', () => {
  const prefix = freshPrefix();
  let admin: Admin;

  beforeAll(async () => {
    admin = new Kafka({ brokers: [...infrastructure().kafkaBrokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await prepareTopics([...infrastructure().kafkaBrokers], prefix);
  });

  afterAll(async () => {
    await admin.disconnect();
    await dropTopics(prefix);
  });

  it('makes each with the partitions of its contract, and one dead letter topic a group', async () => {
    const { topics: made } = await admin.fetchTopicMetadata();
    const ours = made.filter(({ name }) => name.startsWith(prefix));
    for (const { name, partitions, groups } of Object.values(topics)) {
      expect(ours.find((topic) => topic.name === prefix + name)?.partitions).toHaveLength(partitions);
      for (const group of groups) expect(ours.map((topic) => topic.name)).toContain(`${prefix}${group}.dlt`);
    }
  });

  it('compacts snapshots, keeps the rest for the contract’s time, and stamps records itself', async () => {
    const { name: snapshots } = topics.queueSnapshots;
    const { name: commands, retentionMs } = topics.concertCommands;
    expect(await configOf(snapshots)).toMatchObject({
      'cleanup.policy': 'compact',
      'message.timestamp.type': 'LogAppendTime',
    });
    expect(await configOf(commands)).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(retentionMs),
      'message.timestamp.type': 'LogAppendTime',
    });
  });

  it('changes nothing when it is repeated', async () => {
    await expect(prepareTopics([...infrastructure().kafkaBrokers], prefix)).resolves.toBeUndefined();
  });

  it('refuses a topic with another partition count than its contract', async () => {
    const other = freshPrefix();
    await admin.createTopics({
      topics: [{ topic: `${other}wallet.commands`, numPartitions: 1 }],
      waitForLeaders: true,
    });
    await expect(prepareTopics([...infrastructure().kafkaBrokers], other)).rejects.toThrow(
      `topic ${other}wallet.commands has 1 partitions, its contract says ${topics.walletCommands.partitions}`,
    );
    await dropTopics(other);
  });

  async function configOf(name: string): Promise<Record<string, string>> {
    const resources = [{ type: ConfigResourceTypes.TOPIC, name: prefix + name }];
    const { resources: described } = await admin.describeConfigs({ resources, includeSynonyms: false });
    return Object.fromEntries(described[0]?.configEntries.map((one) => [one.configName, one.configValue]) ?? []);
  }
});

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
