import { type RunningInfrastructure, say } from './running.js';

/**
 * PostgreSQL and Kafka for one test run: on Testcontainers when a Docker engine answers, else on the embedded servers.
 * `INFRA=containers|embedded` forces one. Says on standard error which, and prints the container ids.
 */
export async function startInfrastructure(): Promise<RunningInfrastructure> {
  const started = Date.now();
  const infrastructure = (await wantsContainers())
    ? await (await import('./containers.js')).startContainers()
    : await (await import('./embedded.js')).startEmbedded();
  const { kind, kafkaBrokers } = infrastructure.addresses;
  const port = new URL(infrastructure.addresses.postgresUrl).port;
  say(`${kind}: PostgreSQL on port ${port}, Kafka on ${kafkaBrokers.join(',')}, ready in ${Date.now() - started} ms`);
  return infrastructure;
}

async function wantsContainers(): Promise<boolean> {
  const forced = process.env.INFRA;
  if (forced === 'containers') return true;
  if (forced === 'embedded') return false;
  if (forced) throw new Error('INFRA must be "containers" or "embedded"');
  return (await import('./docker.js')).dockerAnswers();
}
