import { SetupProblem } from '#embedded';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { localPostgresPort, roles } from './roles.js';

export const processNames = ['gateway', ...roles] as const;
export type ProcessName = (typeof processNames)[number];

/** More would collide with the next base port's replicas. */
const mostReplicas = 9;
/** Replica n listens n times this above its service's base port. */
const replicaStep = 10;

export interface LocalSettings {
  readonly dataDir: string;
  readonly postgresPort: number;
  readonly kafkaPort: number;
  /** The ports of each process, one per replica. */
  readonly ports: Readonly<Record<ProcessName, readonly number[]>>;
}

/**
 * Reads the launcher's settings and arguments.
 * @throws SetupProblem naming the setting, never its value.
 */
export function readLocalSettings(environment: NodeJS.ProcessEnv, args: readonly string[]): LocalSettings {
  const replicas = parseReplicas(replicasArgument(args));
  const gatewayPort = port(environment, 'PORT', 3000);
  const servicesPort = port(environment, 'LOCAL_SERVICES_PORT', 3001);
  const base = {
    gateway: gatewayPort,
    queue: servicesPort,
    concert: servicesPort + 1,
    reservation: servicesPort + 2,
    wallet: servicesPort + 3,
  };
  const portsOf = (name: ProcessName) =>
    Array.from({ length: replicas[name] }, (_, replica) => base[name] + replica * replicaStep);
  const ports = {} as Record<ProcessName, number[]>;
  for (const name of processNames) ports[name] = portsOf(name);
  const settings: LocalSettings = {
    dataDir: resolve(environment.DATA_DIR || '.data'),
    postgresPort: port(environment, 'LOCAL_POSTGRES_PORT', localPostgresPort),
    kafkaPort: port(environment, 'LOCAL_KAFKA_PORT', 9095),
    ports,
  };
  requireDistinctPorts(settings);
  return settings;
}

/**
 * Processes of each kind from `queue=2,wallet=3`; one where nothing is said.
 * @throws SetupProblem for an unknown service, a count outside 1 to 9 or a service named twice.
 */
export function parseReplicas(text: string): Record<ProcessName, number> {
  const replicas = Object.fromEntries(processNames.map((name) => [name, 1])) as Record<ProcessName, number>;
  const seen = new Set<string>();
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, name, count] = /^\s*([a-z]+)\s*=\s*(\d+)\s*$/.exec(part) ?? [];
    if (!isProcessName(name) || seen.has(name) || Number(count) < 1 || Number(count) > mostReplicas) {
      const example = `name each of ${processNames.join(', ')} at most once with 1 to ${mostReplicas}, as in queue=2,wallet=2`;
      throw new SetupProblem(`--replicas does not understand "${part.trim()}": ${example}`);
    }
    seen.add(name);
    replicas[name] = Number(count);
  }
  return replicas;
}

function replicasArgument(args: readonly string[]): string {
  try {
    const options = { replicas: { type: 'string', default: '' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    // Without the `--`, npm keeps `--replicas` for itself and hands on only what follows it.
    return [values.replicas, ...positionals].join(',');
  } catch {
    throw new SetupProblem('usage: npm start [-- --replicas queue=2,wallet=2,gateway=2]');
  }
}

function isProcessName(name: string | undefined): name is ProcessName {
  return (processNames as readonly (string | undefined)[]).includes(name);
}

function port(environment: NodeJS.ProcessEnv, name: string, byDefault: number): number {
  const text = environment[name] || String(byDefault);
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > 65_000) throw new SetupProblem(`${name} is not valid: it must be a port from 1 to 65000`);
  return value;
}

function requireDistinctPorts({ postgresPort, kafkaPort, ports }: LocalSettings): void {
  const owners = new Map<number, string>();
  const taken: [number, string][] = [
    [postgresPort, 'LOCAL_POSTGRES_PORT'],
    [kafkaPort, 'LOCAL_KAFKA_PORT'],
    ...processNames.flatMap((name) => ports[name].map((one): [number, string] => [one, settingOfPort(name)])),
  ];
  for (const [one, owner] of taken) {
    const other = owners.get(one);
    if (other) throw new SetupProblem(`${owner} and ${other} both lead to port ${one}: change one of them`);
    owners.set(one, owner);
  }
}

/** The setting that moves a process to other ports. */
export function settingOfPort(name: ProcessName): string {
  return name === 'gateway' ? 'PORT' : 'LOCAL_SERVICES_PORT';
}
