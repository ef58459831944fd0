import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { oneAtATime } from './admin-connection.js';
import { infrastructure } from './infrastructure/addresses.js';
import { projectRoot } from './project-root.js';

const run = promisify(execFile);

/** What `npm start` and compose run too: roles, schemas, migrations, topics. Safe to repeat. */
export async function prepare({ adminUrl, kafkaPrefix }: { adminUrl: string; kafkaPrefix: string }): Promise<void> {
  const script = join(projectRoot, 'dist/local/src/prepare.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: npm run build`);
  const env = {
    PATH: process.env.PATH,
    DATABASE_ADMIN_URL: adminUrl,
    KAFKA_BROKERS: infrastructure().kafkaBrokers.join(','),
    KAFKA_PREFIX: kafkaPrefix,
  };
  try {
    await run(process.execPath, [script], { cwd: projectRoot, env, timeout: 60_000 });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`prepare failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** `prepare` for one system under test; one at a time, since roles belong to the whole server. */
export function prepareSystem(options: { adminUrl: string; kafkaPrefix: string }): Promise<void> {
  return oneAtATime(() => prepare(options));
}
