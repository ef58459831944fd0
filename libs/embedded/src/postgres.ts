import { chownSync, closeSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { keep } from './kept-process.js';
import { postgresBinaries } from './postgres-binaries.js';
import { postgresUser, type PostgresUser } from './postgres-user.js';
import { untilReady } from './ready.js';
import { lastLines, openLog } from './server-log.js';
import type { Server, ServerOptions } from './server.js';
import { SetupProblem } from './setup-problem.js';

export interface PostgresOptions extends ServerOptions {
  /** Server settings beside or instead of the ones below, for example `{ fsync: 'off' }` for a throw-away server. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer extends Server {
  /** Connection URL of the superuser and the database `postgres`. */
  readonly url: string;
}

/** Superuser of the local server, which listens on the loopback address alone. */
const superuser = { name: 'postgres', password: 'postgres' };
const major = '18';

/** Small and quiet: one developer's machine, idle most of the time, shared with Kafka and five Node processes. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  // PostgreSQL 18 would keep three processes for reading; one developer's data is in memory anyway.
  io_method: 'sync',
  // Nobody replicates from here.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  jit: 'off',
  password_encryption: 'scram-sha-256',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %u@%d ',
};

/**
 * Starts PostgreSQL on `127.0.0.1:port`, creating the database cluster on the first start.
 * Fails with a `SetupProblem` when this machine cannot run it, with the end of its log when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { port, signal } = options;
  const dataDir = resolve(options.dataDir);
  const log = resolve(options.log);
  const { initdb, postgres } = postgresBinaries();
  mkdirSync(dirname(dataDir), { recursive: true });
  const user = postgresUser([initdb, dataDir]);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await createCluster(initdb, dataDir, user, log);
  signal?.throwIfAborted();
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (version !== major) {
    throw new SetupProblem(
      `${dataDir} was made by PostgreSQL ${version}, this is ${major}: drop it with "npm run reset"`,
    );
  }
  const parameters = Object.entries({ ...settings, ...options.settings, port: String(port) });
  const server = await run(
    postgres,
    ['-D', dataDir, ...parameters.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    user,
    log,
  );
  const url = `postgres://${superuser.name}:${superuser.password}@127.0.0.1:${port}/postgres`;
  // Crash recovery after a hard stop under load can take a while; connections are refused until it is done.
  await untilReady(server, { name: 'PostgreSQL', log, timeoutMs: 60_000, check: () => accepts(url), signal });
  return { ...server, url };
}

async function createCluster(initdb: string, dataDir: string, user: PostgresUser, log: string): Promise<void> {
  // What an interrupted first start left: without PG_VERSION it holds nothing, and initdb wants an empty folder.
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dataDir, { mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  writeFileSync(passwordFile, superuser.password, { mode: 0o600 });
  if (user.owner) {
    for (const path of [dataDir, passwordFile]) chownSync(path, user.owner.uid, user.owner.gid);
  }
  try {
    const access = ['--username', superuser.name, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
    const text = ['--encoding', 'UTF8', '--locale', 'C'];
    const tool = await run(initdb, ['--pgdata', dataDir, ...access, ...text, '--no-instructions'], user, log);
    const { code } = await tool.exited;
    if (code !== 0) {
      rmSync(dataDir, { recursive: true, force: true });
      throw new Error(`initdb exited with code ${code}; its log ${log} ends: ${lastLines(log, 3).join(' | ')}`);
    }
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function run(program: string, args: readonly string[], user: PostgresUser, log: string) {
  const [command = program, ...rest] = [...user.prefix, program, ...args];
  const output = openLog(log);
  try {
    // SIGINT is PostgreSQL's "fast" stop: roll back what runs, write a checkpoint, end.
    const asUser = user.prefix.length === 0 ? user.owner : undefined;
    const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
    return await keep({ command, args: rest, env, cwd: '/', user: asUser, output, stopSignal: 'INT', graceSeconds: 3 });
  } finally {
    closeSync(output);
  }
}

async function accepts(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
