import type { InfrastructureAddresses } from './addresses.js';
import type { Server } from './server.js';

export interface RunningInfrastructure {
  readonly addresses: InfrastructureAddresses;
  /** Ends the servers and removes what they left. */
  stop(): Promise<void>;
}

/** A PostgreSQL and a Kafka that nobody else uses, so that they may be hurt. */
export interface OwnServers extends RunningInfrastructure {
  readonly postgres: Server;
  readonly kafka: Server;
}

/** Starts both at once. When one does not come up, what the other left is removed too, and the error says why. */
export async function startBoth(servers: OwnServers): Promise<OwnServers> {
  const starts = await Promise.allSettled([servers.postgres.start(), servers.kafka.start()]);
  const failed = starts.find((start) => start.status === 'rejected');
  if (!failed) return servers;
  await servers.stop();
  throw failed.reason;
}

/** One line for whoever watches the tests; standard output belongs to Jest. */
export function say(line: string): void {
  process.stderr.write(`test infrastructure: ${line}\n`);
}
