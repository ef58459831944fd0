import type { Rejection } from '#contracts';
import type { BookedTopUp, Ledger, Moment } from './ledger.js';

export interface TopUp {
  readonly topUpId: string;
  readonly userId: string;
  readonly amount: bigint;
}

/**
 * Puts money in. A top-up id is booked once: a repeat, under whatever message id, is told what was booked.
 * Rejected: BALANCE_LIMIT_EXCEEDED; IDEMPOTENCY_KEY_REUSED where the id was booked for another amount.
 */
export function topUp(ledger: Ledger, command: TopUp, maxBalance: bigint, moment: Moment): BookedTopUp | Rejection {
  const { topUpId, userId, amount } = command;
  const booked = ledger.topUp(topUpId);
  if (booked !== undefined) return repeatTopUp(booked, command);

  const wallet = ledger.wallet(userId);
  if (!wallet.hasRoomFor(amount, maxBalance)) {
    return { code: 'BALANCE_LIMIT_EXCEEDED', detail: `A wallet holds at most ${maxBalance}.` };
  }
  ledger.move('TOP_UP', wallet, amount, { topUpId, paymentId: null }, moment);
  const topUp = { topUpId, userId, amount, balance: wallet.balance, createdAt: moment.now };
  ledger.recordTopUp(topUp);
  return topUp;
}

function repeatTopUp(booked: BookedTopUp, { topUpId, userId, amount }: TopUp): BookedTopUp | Rejection {
  if (booked.userId !== userId) throw new Error(`top-up ${topUpId} belongs to another user's wallet`);
  if (booked.amount === amount) return booked;
  return { code: 'IDEMPOTENCY_KEY_REUSED', detail: 'This top-up was booked with another amount.' };
}
