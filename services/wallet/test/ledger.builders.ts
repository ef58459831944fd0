import type { Barrier } from '../src/domain/barrier.js';
import { Ledger, type LoadedLedger, type Moment } from '../src/domain/ledger.js';
import { Wallet } from '../src/domain/wallet.js';

export const ada = 'ada';
export const payment = '0198c0de-0000-7000-8000-00000000aa01';
export const noon = new Date('2026-11-23T12:00:00.000Z');

/** A moment at noon with ids that count up. */
export function aMoment(): Moment {
  let drawn = 0;
  return { now: noon, newId: () => anId((drawn += 1)) };
}

/** A UUIDv7 that differs by `number` only. */
export function anId(number: number): string {
  return `0198c0de-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

export function aLedger(loaded: Partial<LoadedLedger> = {}): Ledger {
  return new Ledger({ wallets: [], barriers: [], topUps: [], ...loaded });
}

/** Ada's wallet, and nothing recorded of her payments but `barriers`. */
export function aWalletWith(balance: bigint, ...barriers: Barrier[]): Ledger {
  return aLedger({ wallets: [Wallet.stored(ada, balance)], barriers });
}

/** A barrier of ada's payment as an earlier batch left it. */
export function aBarrier(barrier: Partial<Barrier> & Pick<Barrier, 'operation'>): Barrier {
  return { paymentId: payment, userId: ada, asked: 0n, moved: 0n, result: 'MOVED', balance: 0n, ...barrier };
}

/** Each booked transfer as [kind, what ada's wallet gained, its balance behind it]. */
export function movements(ledger: Ledger): [kind: string, amount: bigint, balanceAfter: bigint | null][] {
  return ledger.newTransfers.map(({ kind, entries }) => [kind, entries[1].amount, entries[1].balanceAfter]);
}
