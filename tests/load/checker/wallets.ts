import type { Operation, Told } from '../history.js';
import { type Evidence, endOf, isUndecided, type Violation, violation } from './evidence.js';
import { type Explained, explain } from './movements.js';

/**
 * Each wallet's entries are the order in which its movements happened, by the system's own word. That word is held against
 * the arithmetic, against what was asked for and answered, against the order in time, and against every balance told.
 */
export function checkWallets(evidence: Evidence): Violation[] {
  return evidence.fans.flatMap((fan) => checkWallet(fan, evidence));
}

function checkWallet(fan: string, evidence: Evidence): Violation[] {
  const pages = evidence.of(fan, 'read-entries').filter(({ final }) => final);
  if (pages.length === 0 || pages.some(isUndecided))
    return [violation('never read', `the entries of ${fan}`, ...pages)];
  const entries = pages.flatMap(({ answer }) => answer?.items ?? []).reverse();
  const { movements, violations } = explain(fan, entries, evidence);
  const line = new Line(movements);
  return [...checkSums(entries, pages[0]!), ...violations, ...line.disorder(), ...checkBalances(fan, line, evidence)];
}

function checkSums(entries: readonly Told[], page: Operation): Violation[] {
  let balance = 0;
  const violations: Violation[] = [];
  for (const { kind, amount = 0, balanceAfter, entryId } of entries) {
    balance += kind === 'DEBIT' ? -amount : amount;
    if (balance === balanceAfter && balance >= 0) continue;
    const detail = `entry ${entryId}: ${kind} of ${amount} makes ${balance}, not ${balanceAfter}`;
    violations.push(violation('a balance that is not the sum', detail, page));
    balance = balanceAfter ?? balance;
  }
  return violations;
}

/** The movements of one wallet in their order, each with the time in which it must have happened. */
class Line {
  /** Of each movement: not before any that comes before it began, not after any that comes after it was over. */
  private readonly earliest: number[] = [];
  private readonly latest: number[] = [];

  constructor(private readonly movements: readonly Explained[]) {
    let time = 0;
    for (const { from } of movements) this.earliest.push((time = Math.max(time, from)));
    time = Infinity;
    for (const { until } of movements.toReversed()) this.latest.unshift((time = Math.min(time, until)));
  }

  disorder(): Violation[] {
    return this.movements.flatMap(({ until, entry, by }, index) => {
      if (this.earliest[index]! <= until) return [];
      const early = this.movements.slice(0, index).findLast(({ from }) => from > until);
      const detail = `entry ${entry.entryId} was over before one that precedes it was asked for`;
      return [violation('an order against time', detail, ...by, ...(early?.by ?? []))];
    });
  }

  /** The first count of movements, not below `least`, after which the balance was this at some time of the operation. */
  countWhen(balance: number, seen: Operation, least: number): number | null {
    for (let count = least; count <= this.movements.length; count += 1) {
      const told = count === 0 ? 0 : this.movements[count - 1]!.entry.balanceAfter;
      const begun = count === 0 || this.earliest[count - 1]! <= endOf(seen);
      const notYetNext = count === this.movements.length || this.latest[count]! >= seen.invokedAt;
      if (told === balance && begun && notYetNext) return count;
    }
    return null;
  }
}

/** Balances that reads and refused payments told. Each takes the earliest place it can have after those it must follow. */
function checkBalances(fan: string, line: Line, evidence: Evidence): Violation[] {
  const reads = evidence.of(fan, 'read-wallet').filter(({ status }) => status === 200);
  const refused = evidence.of(fan, 'pay').filter(({ status }) => status === 402);
  const placed: { readonly seen: Operation; readonly count: number }[] = [];
  const violations: Violation[] = [];
  for (const seen of [...reads, ...refused].sort((one, other) => endOf(one) - endOf(other))) {
    const balance = seen.answer?.balance ?? NaN;
    const known = placed.filter((one) => endOf(one.seen) < seen.invokedAt);
    const count = line.countWhen(balance, seen, Math.max(0, ...known.map((one) => one.count)));
    if (count === null) violations.push(violation('a balance that cannot have been', `${balance} of ${fan}`, seen));
    else placed.push({ seen, count });
    if (seen.status === 402 && balance >= (seen.answer?.amount ?? 0)) {
      violations.push(violation('refused with enough money', `${balance} for ${seen.answer?.amount}`, seen));
    }
  }
  return violations;
}
