/** This process no longer owns the lane: another took the partition over. It commits nothing more for it. */
export class LaneLost extends Error {
  constructor(lane: string) {
    super(`lane ${lane} belongs to another process now`);
  }
}

const networkErrors = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/**
 * Connection exceptions (08), lost serialization races, no resources (53), a lock waited for too long, an operator's
 * intervention (57, also a statement's timeout) and a transaction that idled too long.
 */
const transientStates = /^(08...|40001|40P01|53...|55P03|57...|25P03)$/;

/** What pg says, without a code, of a connection that broke or could not be had. */
const brokenConnection =
  /connection terminated|connection timeout|timeout exceeded when trying to connect|not queryable|client was closed|driver not connected/i;

/** Whether waiting helps. Everything else would fail again in the same way, and its message is parked. */
export function isTransient(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name, message, code, driverError, cause } = error as Partial<Record<string, unknown>>;
  if (typeof name === 'string' && name.startsWith('KafkaJS')) return true;
  if (typeof code === 'string' && (networkErrors.has(code) || transientStates.test(code))) return true;
  if (typeof message === 'string' && brokenConnection.test(message)) return true;
  return (driverError !== undefined && isTransient(driverError)) || (cause !== undefined && isTransient(cause));
}

/** A wait before the next try, ms: doubles from 100 to 5,000, with half of it jitter. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
