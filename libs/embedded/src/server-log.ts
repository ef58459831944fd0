import { closeSync, existsSync, mkdirSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const maxBytes = 10 * 1024 * 1024;

/** Opens a log for appending; one grown past 10 MB becomes `<path>.1` first, replacing the older one. */
export function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  if (existsSync(path) && statSync(path).size > maxBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a');
}

/** The log's last non-empty lines, at most `count`, read from its last 16 kB; none when there is no log. */
export function lastLines(path: string, count: number): string[] {
  if (!existsSync(path)) return [];
  const { size } = statSync(path);
  const buffer = Buffer.alloc(Math.min(size, 16 * 1024));
  const file = openSync(path, 'r');
  try {
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
  } finally {
    closeSync(file);
  }
  const lines = buffer.toString('utf8').split('\n');
  return lines.filter((line) => line.trim() !== '').slice(-count);
}
