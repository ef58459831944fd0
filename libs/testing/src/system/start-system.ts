import { freePort } from '#embedded';
import { type ApiClient, apiOf } from '../api/api-client.js';
import { cloneDatabase, type Role, type TestDatabase } from '../databases.js';
import { infrastructure } from '../infrastructure/addresses.js';
import type { OwnServers } from '../infrastructure/running.js';
import { prepareTopics } from '../prepare.js';
import { dropTopics, freshPrefix } from '../topics.js';
import { printOnFailure } from './process-output.js';
import { ServiceProcess } from './service-process.js';
import { mainOf, type ProcessName, processNames, settingsOf, sharedSettings } from './settings.js';

export interface SystemOptions {
  /** Processes of each kind; 1 where nothing is said. */
  readonly replicas?: Partial<Record<ProcessName, number>>;
  /** Environment of every process, on top of the test defaults of `sharedSettings`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Starts these kinds alone; the gateway then finds nobody at the other addresses. */
  readonly only?: readonly ProcessName[];
  /** Runs on servers of the test's own, of `startServers`, instead of those of the test run. They are stopped after it. */
  readonly on?: OwnServers;
}

/** A whole system of real processes with a database and topics of its own. */
export interface System {
  /** Public base URLs, one per gateway replica; `gateway` is the first. */
  readonly gateways: readonly string[];
  readonly gateway: string;
  /** The public API through the first gateway, as nobody in particular. */
  readonly api: ApiClient;
  /** The replicas of each kind, in order. */
  readonly processes: Readonly<Record<ProcessName, readonly ServiceProcess[]>>;
  readonly databaseUrl: TestDatabase['url'];
  readonly adminDatabaseUrl: string;
  readonly kafka: { readonly brokers: readonly string[]; readonly prefix: string };
  /** Ends the processes, and drops the database and the topics where the servers stay. */
  stop(): Promise<void>;
}

/**
 * Starts the built processes and waits until all are ready.
 * Their output is kept and printed when a test of the calling file fails.
 * @throws with the output of the process that did not become ready.
 */
export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const servers = options.on?.addresses ?? infrastructure();
  const { kafkaBrokers } = servers;
  const database = await cloneDatabase(servers);
  const prefix = freshPrefix();
  await prepareTopics(kafkaBrokers, prefix);
  const processes = await makeProcesses(options, database, sharedSettings(kafkaBrokers, prefix));
  const all = Object.values(processes).flat();
  const forget = printOnFailure(() => all.map((one) => [one.name, one.output] as [string, typeof one.output]));
  const stop = async () => {
    forget();
    await Promise.all(all.map((one) => one.stop()));
    // What is on the test's own servers goes with them, and they may be down.
    if (!options.on) await Promise.all([database.drop(), dropTopics(prefix)]);
  };
  try {
    for (const one of all) one.spawn();
    await Promise.all(all.map((one) => one.ready()));
  } catch (error) {
    await stop();
    throw error;
  }
  const gateways = processes.gateway.map(({ url }) => url);
  return {
    gateways,
    gateway: gateways[0] ?? '',
    api: apiOf(gateways[0] ?? ''),
    processes,
    databaseUrl: (role) => database.url(role),
    adminDatabaseUrl: database.adminUrl,
    kafka: { brokers: kafkaBrokers, prefix },
    stop,
  };
}

type Processes = Record<ProcessName, ServiceProcess[]>;

async function makeProcesses(
  { replicas = {}, settings = {}, only = processNames }: SystemOptions,
  database: TestDatabase,
  shared: Record<string, string>,
): Promise<Processes> {
  const ports = {} as Record<ProcessName, number[]>;
  for (const name of processNames) ports[name] = await freePorts(replicas[name] ?? 1);
  const urlOf = (service: Role) => `http://127.0.0.1:${ports[service][0]}`;
  const chosen = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  const processes = {} as Processes;
  for (const name of processNames) {
    const environment = { ...shared, ...settingsOf(name, database, urlOf), ...chosen };
    processes[name] = (only.includes(name) ? ports[name] : []).map(
      (port, index) => new ServiceProcess({ name: `${name}-${index + 1}`, main: mainOf(name), port, environment }),
    );
  }
  return processes;
}

async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}
