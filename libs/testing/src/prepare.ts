import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from './child-environment.js';
import { projectRoot } from './project-root.js';

const run = promisify(execFile);

/** All tries are shorter than a hook's time, so that a hook that waits for it says what it waited for, ms. */
const preparedWithin = 25_000;
/** It is safe to repeat. */
const tries = 3;

/** Roles, schemas and tables, by what `npm start` and compose run too. Safe to repeat. */
export function prepareDatabase(adminUrl: string): Promise<void> {
  return prepare(['database'], { DATABASE_ADMIN_URL: adminUrl });
}

/** The topics under a prefix, by the same. */
export function prepareTopics(brokers: readonly string[], prefix: string): Promise<void> {
  return prepare(['topics'], { KAFKA_BROKERS: brokers.join(','), KAFKA_PREFIX: prefix });
}

async function prepare(args: readonly string[], environment: Record<string, string>): Promise<void> {
  const script = join(projectRoot, 'dist/local/src/prepare.js');
  if (!existsSync(script)) throw new Error(`${script} is missing: npm run build`);
  const env = { ...childEnvironment, ...environment };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run(process.execPath, [script, ...args], { cwd: projectRoot, env, timeout: preparedWithin });
      return;
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      if (attempt === tries) throw new Error(`prepare failed:\n${stdout}${stderr}`, { cause: error });
      process.stderr.write(`prepare ${args.join(' ')} failed and is repeated:\n${stdout}${stderr}\n`);
    }
  }
}
