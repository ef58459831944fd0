import { mustRepeat } from './barrier.js';
import type { Movement } from './debit.js';
import type { Ledger, Moment } from './ledger.js';

export interface Refund {
  readonly paymentId: string;
  readonly userId: string;
}

/**
 * Gives back exactly what the payment's debit moved, once, whatever the wallet's maximum says: it is the user's money.
 * Without a debit, or after a refused one, it succeeds and moves nothing; the barrier it leaves refuses a late debit.
 */
export function refund(ledger: Ledger, { paymentId, userId }: Refund, moment: Moment): Movement {
  const recorded = ledger.barrier(paymentId, 'REFUND');
  if (recorded !== undefined) {
    mustRepeat(recorded, userId);
    return { paymentId, moved: recorded.moved, balance: recorded.balance };
  }

  const debit = ledger.barrier(paymentId, 'DEBIT');
  if (debit !== undefined) mustRepeat(debit, userId);
  const moved = debit?.moved ?? 0n;
  const wallet = ledger.wallet(userId);
  ledger.move('REFUND', wallet, moved, { topUpId: null, paymentId }, moment);
  const { balance } = wallet;
  ledger.recordBarrier({ paymentId, operation: 'REFUND', userId, asked: moved, moved, result: 'MOVED', balance });
  return { paymentId, moved, balance };
}
