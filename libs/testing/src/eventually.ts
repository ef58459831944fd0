import { setTimeout as pause } from 'node:timers/promises';

export interface Patience {
  /** Longest wait, ms. Default 30,000: with some seconds in which the machine stalls. */
  readonly within?: number;
  /** Between two looks, ms. Default 50. */
  readonly every?: number;
}

/**
 * Looks again and again until `check` neither throws nor answers `false` or `undefined`, and returns its answer.
 * @throws the last failure of `check` when the time is over.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { within = 30_000, every = 50 }: Patience = {},
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + within;
  for (;;) {
    let failure: unknown;
    try {
      const answer = await check();
      if (answer !== false && answer !== undefined) return answer as Exclude<T, false | undefined>;
      failure = new Error(`still ${String(answer)}`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= end) {
      if (failure instanceof Error) failure.message = `not within ${within} ms: ${failure.message}`;
      throw failure;
    }
    await pause(every);
  }
}
