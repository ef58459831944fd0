import type { Barrier, Operation } from './barrier.js';
import { type Cause, counterpart, type Transfer, type TransferKind, walletAccount } from './transfer.js';
import { Wallet } from './wallet.js';

/** A top-up that was booked, as its answer tells it. */
export interface BookedTopUp {
  readonly topUpId: string;
  readonly userId: string;
  readonly amount: bigint;
  readonly balance: bigint;
  readonly createdAt: Date;
}

export interface LoadedLedger {
  readonly wallets: readonly Wallet[];
  readonly barriers: readonly Barrier[];
  readonly topUps: readonly BookedTopUp[];
}

/** What a decision may know beside the ledger. */
export interface Moment {
  readonly now: Date;
  newId(): string;
}

/** The part of the books that a batch of commands touches, and what the fold over them adds. */
export class Ledger {
  private readonly wallets: Map<string, Wallet>;
  private readonly barriers: Map<string, Barrier>;
  private readonly topUps: Map<string, BookedTopUp>;
  private readonly added: { transfers: Transfer[]; barriers: Barrier[] } = { transfers: [], barriers: [] };

  constructor({ wallets, barriers, topUps }: LoadedLedger) {
    this.wallets = new Map(wallets.map((wallet) => [wallet.userId, wallet]));
    this.barriers = new Map(barriers.map((barrier) => [barrierKey(barrier.paymentId, barrier.operation), barrier]));
    this.topUps = new Map(topUps.map((topUp) => [topUp.topUpId, topUp]));
  }

  wallet(userId: string): Wallet {
    let wallet = this.wallets.get(userId);
    if (wallet === undefined) {
      wallet = Wallet.neverSeen(userId);
      this.wallets.set(userId, wallet);
    }
    return wallet;
  }

  barrier(paymentId: string, operation: Operation): Barrier | undefined {
    return this.barriers.get(barrierKey(paymentId, operation));
  }

  topUp(topUpId: string): BookedTopUp | undefined {
    return this.topUps.get(topUpId);
  }

  get changedWallets(): readonly Wallet[] {
    return [...this.wallets.values()].filter((wallet) => wallet.isChanged);
  }

  /** In the order in which they were decided. */
  get newTransfers(): readonly Transfer[] {
    return this.added.transfers;
  }

  get newBarriers(): readonly Barrier[] {
    return this.added.barriers;
  }

  recordTopUp(topUp: BookedTopUp): void {
    this.topUps.set(topUp.topUpId, topUp);
  }

  recordBarrier(barrier: Barrier): Barrier {
    this.barriers.set(barrierKey(barrier.paymentId, barrier.operation), barrier);
    this.added.barriers.push(barrier);
    return barrier;
  }

  /** Books one balanced transfer between the wallet and its counterpart. Moving nothing books nothing. */
  move(kind: TransferKind, wallet: Wallet, amount: bigint, cause: Cause, moment: Moment): void {
    if (amount === 0n) return;
    const signed = kind === 'DEBIT' ? -amount : amount;
    wallet.add(signed);
    this.added.transfers.push({
      id: moment.newId(),
      kind,
      cause,
      createdAt: moment.now,
      entries: [
        { id: moment.newId(), account: counterpart(kind), amount: -signed, balanceAfter: null },
        { id: moment.newId(), account: walletAccount(wallet.userId), amount: signed, balanceAfter: wallet.balance },
      ],
    });
  }
}

function barrierKey(paymentId: string, operation: Operation): string {
  return `${paymentId}/${operation}`;
}
