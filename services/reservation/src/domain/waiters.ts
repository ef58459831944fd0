/** Who waits for the end of a saga: the address and the command to answer. */
export interface Waiter {
  readonly replyTo: string;
  readonly correlationId: string;
  readonly messageId: string;
  /** Asked again while the saga was running. */
  readonly repeated?: boolean;
}

/**
 * Repeats of a command add their addresses while its saga runs. A gateway waits seconds, so of more than this many the
 * oldest have hung up long ago; they find the answer by repeating.
 */
export const WAITERS_LIMIT = 100;

/** The waiters with one more, once. Null (nobody waits) adds none. */
export function withWaiter(waiters: readonly Waiter[], waiter: Waiter | null): readonly Waiter[] {
  if (!waiter) return waiters;
  const waits = waiters.some(
    ({ replyTo, correlationId }) => replyTo === waiter.replyTo && correlationId === waiter.correlationId,
  );
  return waits ? waiters : [...waiters, { ...waiter }].slice(-WAITERS_LIMIT);
}
