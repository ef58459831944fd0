import type { Outgoing } from '../messages/message.js';
import type { Transaction } from '../postgres/transaction.js';

/** What a run of a timer found: commands to send, and when to look again at the latest. */
export interface Due {
  readonly send: readonly Outgoing[];
  readonly nextAt: Date;
}

/**
 * Finds what is due and sends commands to the keys' own topics; it decides nothing. One replica runs it for one due time:
 * the timer's row is locked, then the clock is read.
 */
export interface Timer {
  /** Unique within the service; also the lane of what it sends. */
  readonly name: string;
  /** Runs with `tx.now`; its own bookkeeping commits with the commands. Bounded: at most a page per run, `nextAt` = now for more. */
  find(tx: Transaction): Promise<Due>;
}
