import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aMoment, anId } from '../../test/ledger.builders.js';
import type { Barrier } from './barrier.js';
import { debit } from './debit.js';
import { type BookedTopUp, Ledger } from './ledger.js';
import { refund } from './refund.js';
import { topUp } from './top-up.js';
import type { Entry, Transfer } from './transfer.js';
import { Wallet } from './wallet.js';

const users = ['ada', 'bob', 'cho'] as const;
const maxBalance = 2_000n;

/** Few ids, so that repeats are many; what an id stands for never changes, as with honest senders. */
const topUpCommand = fc
  .nat(15)
  .map((n) => ({ kind: 'top-up' as const, topUpId: anId(n), userId: users[n % 3]!, amount: BigInt(1 + n * 77) }));
const paymentCommand = fc
  .record({ kind: fc.constantFrom('debit' as const, 'refund' as const), n: fc.nat(11) })
  .map(({ kind, n }) => ({ kind, paymentId: anId(100 + n), userId: users[n % 3]!, amount: BigInt(n * 90) }));
const batches = fc.array(fc.array(fc.oneof(topUpCommand, paymentCommand), { maxLength: 12 }), {
  minLength: 1,
  maxLength: 8,
});
type Command = ReturnType<typeof topUpCommand.generate>['value'] | ReturnType<typeof paymentCommand.generate>['value'];

/** What the tables hold between two batches. */
class Books {
  readonly wallets = new Map<string, bigint>();
  readonly barriers: Barrier[] = [];
  readonly topUps: BookedTopUp[] = [];
  readonly transfers: Transfer[] = [];

  /** Loads, folds and saves one batch; returns the answers. */
  handle(batch: readonly Command[], moment = aMoment()): unknown[] {
    const wallets = [...this.wallets].map(([userId, balance]) => Wallet.stored(userId, balance));
    const ledger = new Ledger({ wallets, barriers: this.barriers, topUps: this.topUps });
    const answers = batch.map((command) => {
      if (command.kind !== 'top-up') return (command.kind === 'debit' ? debit : refund)(ledger, command, moment);
      const answer = topUp(ledger, command, maxBalance, moment);
      if ('topUpId' in answer && !this.topUps.includes(answer)) this.topUps.push(answer);
      return answer;
    });
    for (const wallet of ledger.changedWallets) this.wallets.set(wallet.userId, wallet.balance);
    this.barriers.push(...ledger.newBarriers);
    this.transfers.push(...ledger.newTransfers);
    return answers;
  }

  get entries(): Entry[] {
    return this.transfers.flatMap((transfer) => transfer.entries);
  }
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

it('any commands in any order and any batches, repeated at will, keep the ledger whole', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const books = new Books();
      for (const batch of all) books.handle(batch);

      expect(sum(books.entries.map((entry) => entry.amount))).toBe(0n);
      for (const transfer of books.transfers) expect(sum(transfer.entries.map((entry) => entry.amount))).toBe(0n);
      for (const userId of users) expectWhole(books, userId);
      for (let n = 0; n <= 11; n += 1) expectSettled(books, anId(100 + n));
    }),
    { numRuns: 500 },
  );
});

it('how the commands fall into batches changes no answer and no balance', () => {
  fc.assert(
    fc.property(batches, (all) => {
      const inBatches = new Books();
      const oneByOne = new Books();
      const moment = aMoment();
      const answers = all.flatMap((batch) => inBatches.handle(batch, moment));
      expect(all.flat().flatMap((command) => oneByOne.handle([command], moment))).toEqual(answers);
      expect(oneByOne.wallets).toEqual(inBatches.wallets);
    }),
    { numRuns: 300 },
  );
});

function expectWhole(books: Books, userId: string): void {
  const entries = books.entries.filter((entry) => entry.account === `wallet:${userId}`);
  expect(sum(entries.map((entry) => entry.amount))).toBe(books.wallets.get(userId) ?? 0n);
  let balance = 0n;
  for (const entry of entries) {
    balance += entry.amount;
    expect(entry.balanceAfter).toBe(balance);
    expect(balance).toBeGreaterThanOrEqual(0n);
  }
}

/** At most one debit and one refund, and a refunded payment got all of its debit back. */
function expectSettled(books: Books, paymentId: string): void {
  const of = (kind: string) =>
    books.transfers.filter((transfer) => transfer.cause.paymentId === paymentId && transfer.kind === kind);
  const [debits, refunds] = [of('DEBIT'), of('REFUND')];
  expect(debits.length).toBeLessThanOrEqual(1);
  const isRefunded = books.barriers.some(
    (barrier) => barrier.paymentId === paymentId && barrier.operation === 'REFUND',
  );
  expect(refunds.length).toBe(isRefunded ? debits.length : 0);
  const sales = [...debits, ...refunds].map((transfer) => transfer.entries[0].amount);
  if (isRefunded) expect(sum(sales)).toBe(0n);
}
