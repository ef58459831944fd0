import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { requireJava } from './java.js';
import { prepareKafkaJars } from './kafka-jars.js';
import { brokerProperties } from './kafka-properties.js';
import { keep } from './kept-process.js';
import { kafkaSources } from './paths.js';
import { answers, freePort } from './ports.js';
import { untilReady } from './ready.js';
import { lastLines, openLog } from './server-log.js';
import type { Server, ServerOptions } from './server.js';

export interface KafkaServer extends Server {
  /** Its one broker, as `host:port`. */
  readonly brokers: string[];
}

/** Measured idle: 360 MB with these, 550 MB with the defaults. The heap holds some thousand messages a second. */
const jvm = [
  '-Xms128m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:-UsePerfData',
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${join(kafkaSources, 'log4j2.xml')}`,
];

/**
 * Starts one Kafka broker in KRaft mode on `127.0.0.1:port`, formatting its storage on the first start.
 * Fails with a `SetupProblem` when Java or Maven is missing, with the end of its log when it does not come up.
 */
export async function startKafka(options: ServerOptions): Promise<KafkaServer> {
  const { port, signal } = options;
  const folder = resolve(options.dataDir);
  const log = resolve(options.log);
  const java = await requireJava();
  const jars = await prepareKafkaJars(log);
  const dataDir = join(folder, 'data');
  const properties = join(folder, 'server.properties');
  mkdirSync(folder, { recursive: true });
  // The controller's port is nobody else's business and may differ at each start.
  writeFileSync(properties, brokerProperties({ dataDir, port, controllerPort: await freePort() }));

  const run = async (main: string, args: readonly string[]) => {
    const output = openLog(log);
    try {
      return await keep({
        command: java,
        args: [...jvm, '-cp', join(jars, '*'), main, ...args],
        output,
        graceSeconds: 4,
      });
    } finally {
      closeSync(output);
    }
  };

  if (!existsSync(join(dataDir, 'meta.properties'))) {
    rmSync(dataDir, { recursive: true, force: true });
    const tool = await run('kafka.tools.StorageTool', ['format', '--cluster-id', clusterId(), '--config', properties]);
    const { code } = await tool.exited;
    if (code !== 0)
      throw new Error(
        `Kafka's StorageTool exited with code ${code}; its log ${log} ends: ${lastLines(log, 3).join(' | ')}`,
      );
  }
  signal?.throwIfAborted();
  const server = await run('kafka.Kafka', [properties]);
  await untilReady(server, {
    name: 'Kafka',
    log,
    timeoutMs: 90_000,
    check: () => answers(port, apiVersionsRequest),
    signal,
  });
  return { ...server, brokers: [`127.0.0.1:${port}`] };
}

/** Kafka writes its ids as 16 bytes in base64url. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url');
  // A leading dash would read as an option.
  return id.startsWith('-') ? clusterId() : id;
}

/** ApiVersions, version 0: length, key 18, version 0, correlation id 1, no client id. Any answer means it serves. */
const apiVersionsRequest = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 255, 255]);
