import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { infrastructure } from './infrastructure/addresses.js';
import { projectRoot } from './project-root.js';

const run = promisify(execFile);

/** Roles, schemas and tables, by what `npm start` and compose run too. Safe to repeat. */
export function prepareDatabase(adminUrl: string): Promise<void> {
  return prepare(['database'], { DATABASE_ADMIN_URL: adminUrl });
}

/** The same, and the topics under a prefix. */
export function prepareSystem(adminUrl: string, prefix: string): Promise<void> {
  const brokers = infrastructure().kafkaBrokers.join(',');
  return prepare([], { DATABASE_ADMIN_URL: adminUrl, KAFKA_BROKERS: brokers, KAFKA_PREFIX: prefix });
}

async function prepare(args: readonly string[], environment: Record<string, string>): Promise<void> {
  const script = join(projectRoot, 'dist/local/src/prepare.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: npm run build`);
  try {
    const env = { PATH: process.env.PATH, ...environment };
    await run(process.execPath, [script, ...args], { cwd: projectRoot, env, timeout: 60_000 });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`prepare failed:\n${stdout}${stderr}`, { cause: error });
  }
}
