/** Where money is: outside the system, in a user's wallet, or taken as the price of tickets. */
export type Account = 'outside' | 'sales' | `wallet:${string}`;

export type TransferKind = 'TOP_UP' | 'DEBIT' | 'REFUND';

/** What a transfer did to one account. */
export interface Entry {
  readonly id: string;
  readonly account: Account;
  /** Minor units; negative where the money left. Never zero. */
  readonly amount: bigint;
  /** The wallet's balance behind this entry; null for `outside` and `sales`, whose balance is the sum of their entries. */
  readonly balanceAfter: bigint | null;
}

/** What the money moved for: exactly one of the two. */
export type Cause =
  { readonly topUpId: string; readonly paymentId: null } | { readonly topUpId: null; readonly paymentId: string };

/** One balanced movement between two accounts; never changed, only answered by another. */
export interface Transfer {
  readonly id: string;
  readonly kind: TransferKind;
  readonly cause: Cause;
  readonly createdAt: Date;
  readonly entries: readonly [Entry, Entry];
}

export function walletAccount(userId: string): Account {
  return `wallet:${userId}`;
}

/** The account on the other side of a wallet's. */
export function counterpart(kind: TransferKind): Account {
  return kind === 'TOP_UP' ? 'outside' : 'sales';
}
