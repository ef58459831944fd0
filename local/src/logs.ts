import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

const maxBytes = 20 * 1024 * 1024;
const checkMs = 60_000;

/** Makes the folder and puts the logs of the last start aside as `<name>.log.1`. */
export function startLogs(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of logsIn(folder)) renameSync(join(folder, name), join(folder, `${name}.1`));
}

/**
 * Keeps each log below 20 MB and a minute's worth: the processes write to them directly and append, so that a file can be
 * copied to `<name>.log.1` and emptied under them. Costs a few lines written between the two.
 */
export function limitLogs(folder: string): void {
  setInterval(() => {
    if (!existsSync(folder)) return;
    for (const name of logsIn(folder)) {
      const path = join(folder, name);
      if (statSync(path).size < maxBytes) continue;
      copyFileSync(path, `${path}.1`);
      truncateSync(path);
    }
  }, checkMs).unref();
}

function logsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.log'));
}
