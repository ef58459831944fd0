import { infrastructure, type InfrastructureAddresses } from './addresses.js';
import { type OwnServers, type RunningInfrastructure, say } from './running.js';

/**
 * PostgreSQL and Kafka for one test run: on Testcontainers when a Docker engine answers, else on the embedded servers.
 * `INFRA=containers|embedded` forces one. Says on standard error which, and what they run as.
 */
export async function startInfrastructure(): Promise<RunningInfrastructure> {
  return start((await wantsContainers()) ? 'containers' : 'embedded');
}

/**
 * A second pair for the calling test alone, which may hurt it: of the same kind as those of the run, on an address that
 * survives a restart. It ends with `stop()`, and at the latest with the run.
 */
export function startServers(): Promise<OwnServers> {
  return start(infrastructure().kind);
}

async function start(kind: InfrastructureAddresses['kind']): Promise<OwnServers> {
  const started = Date.now();
  const servers =
    kind === 'containers'
      ? await (await import('./containers.js')).startContainers()
      : await (await import('./embedded.js')).startEmbedded();
  const { postgresUrl, kafkaBrokers } = servers.addresses;
  const port = new URL(postgresUrl).port;
  say(`${kind}: PostgreSQL on port ${port}, Kafka on ${kafkaBrokers.join(',')}, ready in ${Date.now() - started} ms`);
  return servers;
}

async function wantsContainers(): Promise<boolean> {
  const forced = process.env.INFRA;
  if (forced === 'containers') return true;
  if (forced === 'embedded') return false;
  if (forced) throw new Error('INFRA must be "containers" or "embedded"');
  return (await import('./docker.js')).dockerAnswers();
}
