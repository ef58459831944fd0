import type { Rejection } from '#contracts';
import { type Barrier, mustRepeat } from './barrier.js';
import type { Ledger, Moment } from './ledger.js';

export interface Debit {
  readonly paymentId: string;
  readonly userId: string;
  /** Minor units; 0 for a free reservation, which moves nothing and succeeds. */
  readonly amount: bigint;
}

/** What an operation of a payment moved, and the balance it left. */
export interface Movement {
  readonly paymentId: string;
  readonly moved: bigint;
  readonly balance: bigint;
}

/**
 * Takes the price, once for each payment. A refusal is recorded as well: its repeat is refused again, even if the money
 * is there by then, because the saga may have given up on the payment.
 * Rejected: NOT_ENOUGH_BALANCE; COMPENSATED where the refund came first.
 */
export function debit(ledger: Ledger, command: Debit, moment: Moment): Movement | Rejection {
  const { paymentId, userId, amount } = command;
  const recorded = ledger.barrier(paymentId, 'DEBIT');
  if (recorded !== undefined) {
    mustRepeat(recorded, userId, amount);
    return debitAnswer(recorded);
  }

  const result = debitResult(ledger, command);
  const moved = result === 'MOVED' ? amount : 0n;
  const wallet = ledger.wallet(userId);
  ledger.move('DEBIT', wallet, moved, { topUpId: null, paymentId }, moment);
  const { balance } = wallet;
  return debitAnswer(
    ledger.recordBarrier({ paymentId, operation: 'DEBIT', userId, asked: amount, moved, result, balance }),
  );
}

/** A refund that was there first has closed the payment: its late debit must not move money that nobody would return. */
function debitResult(ledger: Ledger, { paymentId, userId, amount }: Debit): Barrier['result'] {
  const refund = ledger.barrier(paymentId, 'REFUND');
  if (refund !== undefined) {
    mustRepeat(refund, userId);
    return 'COMPENSATED';
  }
  return ledger.wallet(userId).canPay(amount) ? 'MOVED' : 'NOT_ENOUGH_BALANCE';
}

function debitAnswer({ paymentId, asked, moved, result, balance }: Barrier): Movement | Rejection {
  switch (result) {
    case 'MOVED':
      return { paymentId, moved, balance };
    case 'NOT_ENOUGH_BALANCE':
      return {
        code: 'NOT_ENOUGH_BALANCE',
        detail: `The balance is ${balance}, the price ${asked}.`,
        members: { balance: Number(balance), amount: Number(asked) },
      };
    case 'COMPENSATED':
      return { code: 'COMPENSATED', detail: 'The payment was refunded before its debit came.' };
  }
}
