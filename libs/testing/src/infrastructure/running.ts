import type { InfrastructureAddresses } from './addresses.js';

export interface RunningInfrastructure {
  readonly addresses: InfrastructureAddresses;
  /** Ends the servers and removes what they left. */
  stop(): Promise<void>;
}

/** One line for whoever watches the tests; standard output belongs to Jest. */
export function say(line: string): void {
  process.stderr.write(`test infrastructure: ${line}\n`);
}
