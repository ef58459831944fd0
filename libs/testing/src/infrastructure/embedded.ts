import { freePort, startKafka, startPostgres } from '#embedded';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningInfrastructure, say } from './running.js';

/** The servers of `npm start`, on free ports, with their data in a folder of their own that goes away with them. */
export async function startEmbedded(): Promise<RunningInfrastructure> {
  const folder = await mkdtemp(join(tmpdir(), 'concert-tests-'));
  // As root PostgreSQL runs as another user, who must be able to pass through.
  await chmod(folder, 0o755);
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.map((stopServer) => stopServer()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [postgresPort, kafkaPort] = [await freePort(), await freePort()];
    const [postgres, kafka] = await Promise.all([
      startPostgres({ dataDir: join(folder, 'postgres'), port: postgresPort, log: join(folder, 'postgres.log') }),
      startKafka({ dataDir: join(folder, 'kafka'), port: kafkaPort, log: join(folder, 'kafka.log') }),
    ]);
    stops.push(
      () => postgres.stop(),
      () => kafka.stop(),
    );
    say(`embedded PostgreSQL is process ${postgres.pid}, Kafka is process ${kafka.pid}, files in ${folder}`);
    const postgresUrl = `postgres://postgres:postgres@127.0.0.1:${postgresPort}/postgres`;
    return { addresses: { kind: 'embedded', postgresUrl, kafkaBrokers: [`127.0.0.1:${kafkaPort}`] }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
