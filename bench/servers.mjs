import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist');

/** A module of the built project, by its path under `dist/`. */
export const built = (path) => import(pathToFileURL(join(dist, path)).href);

let running;

/** The processes of PostgreSQL and Kafka, where they are processes of this machine. */
export const servers = () =>
  Object.fromEntries(
    ['postgres', 'kafka'].flatMap((name) => {
      const [, pid] = /^process (\d+)$/.exec(running?.[name]?.runsAs ?? '') ?? [];
      return pid === undefined ? [] : [[name, Number(pid)]];
    }),
  );

/**
 * PostgreSQL and Kafka for a run, which all that is measured uses; those of whoever started it, where they say so. On the
 * embedded servers where nothing else is said: they write to the disk what they confirm, which containers of tests do not.
 */
export async function startServers() {
  if (process.env.TEST_INFRASTRUCTURE) return { stop: () => Promise.resolve() };
  process.env.INFRA ??= 'embedded';
  const { startInfrastructure } = await built('libs/testing/src/index.js');
  running = await startInfrastructure();
  process.env.TEST_INFRASTRUCTURE = JSON.stringify(running.addresses);
  if (process.env.STATEMENTS) {
    const { rowsOf } = await built('libs/testing/src/index.js');
    for (const setting of [
      "shared_preload_libraries = 'pg_stat_statements'",
      'pg_stat_statements.track_planning = on',
    ]) {
      await rowsOf(running.addresses.postgresUrl, `alter system set ${setting}`);
    }
    await running.postgres.restart();
  }
  return running;
}

export async function timed(work) {
  const from = performance.now();
  const result = await work();
  return { ms: performance.now() - from, result };
}
