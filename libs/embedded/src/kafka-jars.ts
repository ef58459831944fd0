import { createHash, randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { keep } from './kept-process.js';
import { kafkaSources, projectRoot } from './paths.js';
import { lastLines, openLog } from './server-log.js';
import { SetupProblem } from './setup-problem.js';

/**
 * The folder with Kafka's jars: `KAFKA_JARS` when set, else `.data/kafka-jars/<hash of pom.xml>`, filled by Maven when
 * it is not there yet (some seconds from Maven's own cache, a 44 MB download otherwise). Several processes may ask at once.
 * `log` is the file for Maven's output; `onDownload` is called when Maven has to run.
 */
export async function prepareKafkaJars(log: string, onDownload: () => void = () => {}): Promise<string> {
  if (process.env.KAFKA_JARS) return process.env.KAFKA_JARS;
  const pom = join(kafkaSources, 'pom.xml');
  const version = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  const parent = join(projectRoot, '.data', 'kafka-jars');
  const folder = join(parent, version);
  if (existsSync(folder)) return folder;
  onDownload();
  const unfinished = join(parent, `.unfinished-${randomUUID()}`);
  mkdirSync(unfinished, { recursive: true });
  try {
    await copyJars(pom, unfinished, log);
    // Whole or not at all; whoever comes second keeps the first one's.
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function copyJars(pom: string, folder: string, log: string): Promise<void> {
  const output = openLog(log);
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  try {
    const maven = await keep({ command: 'mvn', args: ['--batch-mode', '--quiet', '--file', pom, ...goal], output });
    const { code } = await maven.exited;
    if (code === 127) {
      throw new SetupProblem(
        "Maven's mvn is not installed, and Kafka's jars come through it: install it (Debian: apt-get install maven)",
      );
    }
    if (code !== 0)
      throw new SetupProblem(
        `Maven could not fetch Kafka's jars; its log ${log} ends: ${lastLines(log, 2).join(' | ')}`,
      );
  } finally {
    closeSync(output);
  }
}
