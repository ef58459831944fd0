import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NodeProcess } from './node-process.js';
import { roles, urlOf } from './roles.js';
import type { DevelopmentSecrets } from './secrets.js';
import type { LocalSettings, ProcessName } from './settings.js';

/** `dist/`: this file's own place is `dist/local/src/`. */
const built = fileURLToPath(new URL('../../', import.meta.url));

/** Together with Kafka's and PostgreSQL's they stay below the 15 s that a stop may take. */
const stopWithinMs = { gateway: 3_000, service: 4_500 };

export interface Surroundings {
  readonly settings: LocalSettings;
  readonly secrets: DevelopmentSecrets;
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  /** The launcher's own environment: what it holds reaches every process, except what is set here. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Every process to run, services first, one per replica, with its whole environment. */
export function planProcesses(surroundings: Surroundings): NodeProcess[] {
  const { ports } = surroundings.settings;
  const services = roles.flatMap((role) => ports[role].map((_, replica) => servicePlan(role, replica, surroundings)));
  return [...services, ...ports.gateway.map((_, replica) => gatewayPlan(replica, surroundings))];
}

function servicePlan(role: (typeof roles)[number], replica: number, surroundings: Surroundings): NodeProcess {
  const { environment, databaseUrl } = surroundings;
  return plan(role, replica, `services/${role}/src/main.js`, stopWithinMs.service, surroundings, {
    HOST: '127.0.0.1',
    DATABASE_URL: urlOf(role, databaseUrl, environment),
  });
}

function gatewayPlan(replica: number, surroundings: Surroundings): NodeProcess {
  const { ports } = surroundings.settings;
  const urls = roles.map((role) => [`${role.toUpperCase()}_URL`, `http://127.0.0.1:${ports[role][0]}`]);
  return plan('gateway', replica, 'gateway/src/main.js', stopWithinMs.gateway, surroundings, {
    AUTH_MODE: surroundings.environment.AUTH_MODE || 'dev',
    DEV_AUTH_KEY: surroundings.secrets.DEV_AUTH_KEY,
    ...Object.fromEntries(urls),
  });
}

function plan(
  kind: ProcessName,
  replica: number,
  main: string,
  stopMs: number,
  { settings, secrets, brokers, environment }: Surroundings,
  own: NodeJS.ProcessEnv,
): NodeProcess {
  const name = `${kind}-${replica + 1}`;
  const port = settings.ports[kind][replica] ?? 0;
  const env: NodeJS.ProcessEnv = {
    ...environment,
    PORT: String(port),
    INSTANCE_ID: name,
    KAFKA_BROKERS: brokers.join(','),
    SHUTDOWN_MS: String(stopMs - 500),
    ...own,
  };
  // Whoever holds the keys can make a token: only the gateway signs and checks them.
  if (kind === 'gateway') env.QUEUE_TOKEN_KEYS = secrets.QUEUE_TOKEN_KEYS;
  return {
    name,
    main: join(built, main),
    port,
    env,
    log: join(settings.dataDir, 'logs', `${name}.log`),
    stopWithinMs: stopMs,
  };
}
