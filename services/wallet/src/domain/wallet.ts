/** A user's balance in minor units, as loaded and as the fold left it. A user never seen has an empty one. */
export class Wallet {
  private changed = false;

  private constructor(
    readonly userId: string,
    private amount: bigint,
    /** False until the first transfer is saved. */
    readonly stored: boolean,
  ) {}

  static stored(userId: string, balance: bigint): Wallet {
    return new Wallet(userId, balance, true);
  }

  static neverSeen(userId: string): Wallet {
    return new Wallet(userId, 0n, false);
  }

  get balance(): bigint {
    return this.amount;
  }

  get isChanged(): boolean {
    return this.changed;
  }

  /** Whether a debit of `amount` leaves the balance at zero or above. */
  canPay(amount: bigint): boolean {
    return this.amount >= amount;
  }

  /** Whether a top-up of `amount` stays within the most a wallet may hold. Refunds do not ask. */
  hasRoomFor(amount: bigint, maxBalance: bigint): boolean {
    return this.amount + amount <= maxBalance;
  }

  /**
   * Adds a signed amount.
   * @throws when the balance would be negative: whoever calls has not asked `canPay`.
   */
  add(amount: bigint): void {
    if (this.amount + amount < 0n) throw new Error(`the wallet of ${this.userId} would be negative`);
    this.amount += amount;
    this.changed = true;
  }
}
