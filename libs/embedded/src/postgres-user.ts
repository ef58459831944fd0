import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { SetupProblem } from './setup-problem.js';

/** How to run a PostgreSQL program: PostgreSQL refuses to run as root. */
export interface PostgresUser {
  /** The user to own the data and to run as; none when we are an ordinary user already. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Command and arguments to put before the program's own. */
  readonly prefix: readonly string[];
}

/**
 * An ordinary user runs PostgreSQL as itself. Root runs it as the user `postgres`, who is created when missing. Where that user cannot enter one of the
 * folders (a project below `/root`, say), the program keeps the one capability that lets it pass them.
 * `paths` are the files and folders that PostgreSQL must reach.
 */
export function postgresUser(paths: readonly string[]): PostgresUser {
  if (process.getuid?.() !== 0) return { owner: undefined, prefix: [] };
  const owner = findUser() ?? createUser();
  if (paths.every((path) => canReach(path, owner))) return { owner, prefix: [] };
  return { owner, prefix: passFolders(owner, paths) };
}

function findUser(): { uid: number; gid: number } | undefined {
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    return undefined;
  }
}

function idOf(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString());
}

function createUser(): { uid: number; gid: number } {
  try {
    execFileSync(
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      {
        stdio: 'ignore',
      },
    );
    const created = findUser();
    if (created) return created;
  } catch {
    // Told below.
  }
  throw new SetupProblem(
    'PostgreSQL does not run as root, and the user "postgres" could not be created: create it, or run as an ordinary user',
  );
}

function canReach(path: string, user: { uid: number; gid: number }): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

function passFolders(user: { uid: number; gid: number }, paths: readonly string[]): string[] {
  const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups'];
  const prefix = ['setpriv', ...become, '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override', '--'];
  try {
    execFileSync('setpriv', [...prefix.slice(1), 'true'], { stdio: 'ignore' });
    return prefix;
  } catch {
    throw new SetupProblem(
      `PostgreSQL runs as the user "postgres", who cannot enter the folders of ${paths.join(' and ')}: ` +
        'move the project out of the closed folder, or run as an ordinary user',
    );
  }
}
