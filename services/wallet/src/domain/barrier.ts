export type Operation = 'DEBIT' | 'REFUND';

export type BarrierResult = 'MOVED' | 'NOT_ENOUGH_BALANCE' | 'COMPENSATED';

/**
 * What an operation of a payment came to, kept for ever: there is one per (payment, operation). It makes repeats repeat
 * their answer, and debit and refund safe in either order.
 */
export interface Barrier {
  readonly paymentId: string;
  readonly operation: Operation;
  readonly userId: string;
  /** What was to be moved, minor units. A refund asks for what its debit moved. */
  readonly asked: bigint;
  /** What was moved: all that was asked, or 0. */
  readonly moved: bigint;
  readonly result: BarrierResult;
  /** The wallet's balance when it was decided, which a repeat is told again. */
  readonly balance: bigint;
}

/**
 * A payment debits one wallet by one amount, whoever repeats it.
 * @throws when a message says otherwise: a fault of its sender, not a business "no".
 */
export function mustRepeat(barrier: Barrier, userId: string, amount: bigint = barrier.asked): void {
  if (barrier.userId !== userId) throw new Error(`payment ${barrier.paymentId} belongs to another user's wallet`);
  if (barrier.asked !== amount) throw new Error(`payment ${barrier.paymentId} debited another amount`);
}
