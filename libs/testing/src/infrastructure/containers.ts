import { freePort } from '#embedded';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { GenericContainer, Wait } from 'testcontainers';
import { containersWith, imageFor, removeContainers } from './docker.js';
import { type RunningInfrastructure, say } from './running.js';

/** Every container of a test run carries this label; its value is the process that owns the run. */
const RUN_LABEL = 'concert-reservation.test-run';

/**
 * PostgreSQL and Kafka through Testcontainers. They are removed by our own label: Testcontainers' reaper is one more
 * image to have, so it is used only where somebody sets TESTCONTAINERS_RYUK_DISABLED=false.
 */
export async function startContainers(): Promise<RunningInfrastructure> {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  // Ports of an engine on this machine are on the loopback too, whatever address Testcontainers would guess.
  if (!process.env.DOCKER_HOST?.startsWith('tcp')) process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1';
  await removeLeftovers();
  try {
    const [postgresUrl, broker] = await Promise.all([startPostgres(), startKafka()]);
    return { addresses: { kind: 'containers', postgresUrl, kafkaBrokers: [broker] }, stop: removeOurs };
  } catch (error) {
    await removeOurs();
    const advice = 'Without an image registry run deploy/stand-in-images.sh first, or set INFRA=embedded.';
    throw new Error(`The test containers did not start: ${String(error)}. ${advice}`, { cause: error });
  }
}

async function startPostgres(): Promise<string> {
  const image = await imageFor('POSTGRES_IMAGE', 'postgres:18', 'concert-reservation/stand-in-postgres:15');
  const container = await new PostgreSqlContainer(image)
    .withUsername('postgres')
    .withPassword('postgres')
    .withDatabase('postgres')
    .withCommand(['postgres', ...['fsync=off', 'max_connections=500'].flatMap((setting) => ['-c', setting])])
    .withLabels({ [RUN_LABEL]: String(process.pid) })
    .start();
  say(`container ${container.getId().slice(0, 12)} is ${image}`);
  return `postgres://postgres:postgres@${numeric(container.getHost())}:${container.getPort()}/postgres`;
}

async function startKafka(): Promise<string> {
  const image = await imageFor('KAFKA_IMAGE', 'apache/kafka:4.3.1', 'concert-reservation/stand-in-kafka:4.3.1');
  // The broker tells clients its own address, so the port on the host must be known before it starts.
  const port = await freePort();
  const container = await new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment(kafkaEnvironment(`PLAINTEXT://127.0.0.1:${port}`))
    .withLabels({ [RUN_LABEL]: String(process.pid) })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(120_000)
    .start();
  say(`container ${container.getId().slice(0, 12)} is ${image}`);
  return `${numeric(container.getHost())}:${port}`;
}

/** The settings of the local broker (`local/`), as the official image takes them. */
function kafkaEnvironment(advertised: string): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: advertised,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE: 'LogAppendTime',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
  };
}

/** `localhost` can mean ::1 first, where a published IPv4 port does not listen. */
const numeric = (host: string) => (host === 'localhost' ? '127.0.0.1' : host);

async function removeOurs(): Promise<void> {
  const ours = (await containersWith(RUN_LABEL)).filter(({ value }) => value === String(process.pid));
  await removeContainers(ours.map(({ id }) => id));
}

/** Containers of runs whose process is gone (killed before it could clean up). */
async function removeLeftovers(): Promise<void> {
  const leftovers = (await containersWith(RUN_LABEL)).filter(({ value }) => !isAlive(Number(value)));
  await removeContainers(leftovers.map(({ id }) => id));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
