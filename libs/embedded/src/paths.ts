import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder: the nearest one above this file that holds Kafka's `pom.xml` (same from source and from `dist/`). */
export const projectRoot = findProjectRoot();

/** What describes the local broker: `pom.xml`, `log4j2.xml`. */
export const kafkaSources = join(projectRoot, 'local', 'kafka');

function findProjectRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let folder = start; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'local', 'kafka', 'pom.xml')))
      return folder;
  }
  throw new Error(`no project folder above ${start}`);
}
