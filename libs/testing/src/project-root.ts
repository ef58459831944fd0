import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json: the nearest above this file, whether it runs from `libs/` or from `dist/libs/`. */
export const projectRoot = nearest(dirname(fileURLToPath(import.meta.url)));

function nearest(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  if (folder === dirname(folder)) throw new Error('no package.json above libs/testing');
  return nearest(dirname(folder));
}
