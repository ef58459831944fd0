import { brokerSettings, freePort } from '#embedded';
import { randomBytes } from 'node:crypto';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { containersWith, docker, imageFor, removeContainers } from './docker.js';
import { type OwnServers, say, startBoth } from './running.js';
import { Server } from './server.js';

/** Every container of a test run carries this label: the process that owns it, a dot, and which pair it belongs to. */
const RUN_LABEL = 'concert-reservation.test-run';

/**
 * PostgreSQL and Kafka through Testcontainers. They are removed by our own label: Testcontainers' reaper is one more
 * image to have, so it is used only where somebody sets TESTCONTAINERS_RYUK_DISABLED=false.
 */
export async function startContainers(): Promise<OwnServers> {
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true';
  // Ports of an engine on this machine are on the loopback too, whatever address Testcontainers would guess.
  if (!process.env.DOCKER_HOST?.startsWith('tcp')) process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1';
  await removeLeftovers();
  const pair = `${process.pid}.${randomBytes(4).toString('hex')}`;
  // The broker tells clients its own address, and a container that is started again would get another port.
  const [postgresPort, kafkaPort] = [await freePort(), await freePort()];
  const postgres = new ContainerServer(await postgresContainer(postgresPort, pair));
  const kafka = new ContainerServer(await kafkaContainer(kafkaPort, pair));
  return startBoth({
    addresses: {
      kind: 'containers',
      postgresUrl: `postgres://postgres:postgres@127.0.0.1:${postgresPort}/postgres`,
      kafkaBrokers: [`127.0.0.1:${kafkaPort}`],
    },
    postgres,
    kafka,
    stop: async () => {
      const ours = (await containersWith(RUN_LABEL)).filter(({ value }) => value === pair);
      await removeContainers(ours.map(({ id }) => id));
      await removeLeftovers();
    },
  }).catch((error: unknown) => {
    const advice = 'Without an image registry run deploy/stand-in-images.sh first, or set INFRA=embedded.';
    throw new Error(`The test containers did not start: ${String(error)}. ${advice}`, { cause: error });
  });
}

async function postgresContainer(port: number, pair: string): Promise<GenericContainer> {
  const image = await imageFor('POSTGRES_IMAGE', 'postgres:18', 'concert-reservation/stand-in-postgres:15');
  return new PostgreSqlContainer(image)
    .withUsername('postgres')
    .withPassword('postgres')
    .withDatabase('postgres')
    .withExposedPorts({ container: 5432, host: port })
    .withCommand(['postgres', ...['fsync=off', 'max_connections=500'].flatMap((setting) => ['-c', setting])])
    .withLabels({ [RUN_LABEL]: pair });
}

async function kafkaContainer(port: number, pair: string): Promise<GenericContainer> {
  const image = await imageFor('KAFKA_IMAGE', 'apache/kafka:4.3.1', 'concert-reservation/stand-in-kafka:4.3.1');
  return new GenericContainer(image)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment(kafkaEnvironment(`PLAINTEXT://127.0.0.1:${port}`))
    .withLabels({ [RUN_LABEL]: pair })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(120_000);
}

/** A server in a container that keeps its port on the host, and its files, until it is removed. */
class ContainerServer extends Server {
  private container: StartedTestContainer | undefined;

  constructor(private readonly wanted: GenericContainer) {
    super();
  }

  get runsAs(): string {
    return `container ${this.container?.getId().slice(0, 12)}`;
  }

  async start(): Promise<void> {
    if (this.container) await this.container.restart();
    else this.container = await this.wanted.start();
    say(`${this.container.getName().slice(1)} is ${this.runsAs}`);
  }

  kill(): Promise<void> {
    return this.told('kill');
  }

  pause(): Promise<void> {
    return this.told('pause');
  }

  resume(): Promise<void> {
    return this.told('unpause');
  }

  private async told(what: string): Promise<void> {
    if (this.container) await docker(what, this.container.getId());
  }
}

/** The settings of the embedded broker, as the official image takes them. */
function kafkaEnvironment(advertised: string): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    KAFKA_ADVERTISED_LISTENERS: advertised,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    ...Object.fromEntries(Object.entries(brokerSettings).map(inEnvironment)),
    KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
  };
}

const inEnvironment = ([name, value]: [string, unknown]) => [
  `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
  String(value),
];

/** Containers of runs whose process is gone (killed before it could clean up). */
async function removeLeftovers(): Promise<void> {
  const leftovers = (await containersWith(RUN_LABEL)).filter(({ value }) => !isAlive(Number.parseInt(value, 10)));
  await removeContainers(leftovers.map(({ id }) => id));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
