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

/**
 * What pg and TypeORM say, without a code, of a connection that broke or could not be had. A connection that breaks between
 * two statements of a transaction is released under it.
 */
const brokenConnection =
  /connection terminated|connection timeout|timeout exceeded when trying to connect|not queryable|client was closed|driver not connected|already released/i;

/** Whether the database, or the way to it, is what failed: the same statement may well succeed later. */
export function isTransientDatabaseFault(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message, code, driverError, cause } = error as Partial<Record<string, unknown>>;
  if (typeof code === 'string' && (networkErrors.has(code) || transientStates.test(code))) return true;
  if (typeof message === 'string' && brokenConnection.test(message)) return true;
  return [driverError, cause].some((inner) => inner !== undefined && isTransientDatabaseFault(inner));
}
