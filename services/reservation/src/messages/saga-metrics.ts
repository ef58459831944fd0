import { Counter } from '#service';
import { Logger } from '@nestjs/common';

const logger = new Logger('sagas');

const staleReplies = new Counter({
  name: 'payment_saga_stale_replies_total',
  help: 'Replies that no saga awaited any more: duplicates, and answers to requests it had turned away from',
});

const stuckSagas = new Counter({
  name: 'payment_saga_stuck_total',
  help: 'Payments and cancellations that began to wait for an operator',
});

export const countStale = () => staleReplies.inc();

/** Counted and logged once: a stuck saga is not looked at again. */
export function countStuck(paymentId: string, reason: string): void {
  stuckSagas.inc();
  logger.warn(`payment ${paymentId} is STUCK and waits for an operator: ${reason}`);
}
