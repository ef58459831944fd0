import { freePort, type Server as EmbeddedProcess, startKafka, startPostgres } from '#embedded';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OwnServers, say, startBoth } from './running.js';
import { Server } from './server.js';

/** The servers of `npm start`, on free ports, with their data in a folder of their own that goes away with them. */
export async function startEmbedded(): Promise<OwnServers> {
  const folder = await mkdtemp(join(tmpdir(), 'concert-tests-'));
  // As root PostgreSQL runs as another user, who must be able to pass through.
  await chmod(folder, 0o755);
  const optionsOf = async (name: string) => ({
    dataDir: join(folder, name),
    port: await freePort(),
    log: join(folder, `${name}.log`),
  });
  const [forPostgres, forKafka] = [await optionsOf('postgres'), await optionsOf('kafka')];
  const postgres = new EmbeddedServer('PostgreSQL', () => startPostgres(forPostgres));
  const kafka = new EmbeddedServer('Kafka', () => startKafka(forKafka));
  say(`files in ${folder}`);
  return startBoth({
    addresses: {
      kind: 'embedded',
      postgresUrl: `postgres://postgres:postgres@127.0.0.1:${forPostgres.port}/postgres`,
      kafkaBrokers: [`127.0.0.1:${forKafka.port}`],
    },
    postgres,
    kafka,
    stop: async () => {
      await Promise.all([postgres.stop(), kafka.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  });
}

/** A server that is a child of this process. Each start is one more with the same folder and port. */
class EmbeddedServer extends Server {
  private process: EmbeddedProcess | undefined;

  constructor(
    private readonly name: string,
    private readonly startProcess: () => Promise<EmbeddedProcess>,
  ) {
    super();
  }

  get runsAs(): string {
    return `process ${this.process?.pid}`;
  }

  async start(): Promise<void> {
    this.process = await this.startProcess();
    say(`embedded ${this.name} is ${this.runsAs}`);
  }

  async kill(): Promise<void> {
    await this.process?.kill();
  }

  pause(): Promise<void> {
    return Promise.resolve(this.process?.pause());
  }

  resume(): Promise<void> {
    return Promise.resolve(this.process?.resume());
  }

  async stop(): Promise<void> {
    await this.process?.stop();
  }
}
