import { setTimeout as pause } from 'node:timers/promises';
import { isTransientDatabaseFault } from '#service';

/** This process no longer owns the lane: another took the partition over. It commits nothing more for it. */
export class LaneLost extends Error {
  constructor(lane: string) {
    super(`lane ${lane} belongs to another process now`);
  }
}

/**
 * A table was altered under a statement that this connection has prepared: it fails as long as the connection lives, and
 * on no other.
 */
export function isStalePlan(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return code === '0A000' && typeof message === 'string' && message.startsWith('cached plan must not change');
}

/** Whether waiting helps. Everything else would fail again in the same way, and its message is parked. */
export function isTransient(error: unknown): boolean {
  if (isTransientDatabaseFault(error) || isStalePlan(error)) return true;
  const { name, cause } = (error ?? {}) as { name?: unknown; cause?: unknown };
  return (typeof name === 'string' && name.startsWith('KafkaJS')) || (cause !== undefined && isTransient(cause));
}

/** A wait before the next try, ms: doubles from 100 to 5,000, with half of it jitter. */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

/** Does the work, again and again while waiting helps; `onFault` hears of each try that failed. */
export async function patiently<Result>(
  work: () => Promise<Result>,
  onFault: (error: unknown) => void,
): Promise<Result> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isTransient(error)) throw error;
      onFault(error);
      await pause(backoff(attempt));
    }
  }
}
