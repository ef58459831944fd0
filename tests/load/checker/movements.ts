import type { Operation, Told } from '../history.js';
import {
  endOf,
  type Evidence,
  isCompensated,
  isCompleted,
  isUndecided,
  type Violation,
  violation,
} from './evidence.js';

/** An entry of a wallet, the operations that asked for it, and between which times it must have happened, ms. */
export interface Explained {
  readonly entry: Told;
  readonly by: readonly Operation[];
  readonly from: number;
  readonly until: number;
}

interface Explanation {
  readonly movements: readonly Explained[];
  readonly violations: readonly Violation[];
}

/** Finds what asked for each entry of a wallet, and what was answered and has no entry. Entries oldest first. */
export function explain(fan: string, entries: readonly Told[], evidence: Evidence): Explanation {
  const violations: Violation[] = [];
  const topUps = new TopUps(evidence.of(fan, 'top-up'));
  const payments = new Payments(evidence.of(fan, 'pay'), evidence);
  const movements = entries.map((entry): Explained => {
    const by = entry.kind === 'TOP_UP' ? topUps.take(entry) : payments.take(entry);
    if (by) return { entry, ...by };
    violations.push(violation('a movement that nobody asked for', `${fan}: ${JSON.stringify(entry)}`));
    return { entry, by: [], from: 0, until: Infinity };
  });
  return { movements, violations: [...violations, ...topUps.missing(), ...payments.missing()] };
}

type Cause = Omit<Explained, 'entry'>;

/** Each top-up has one entry: an answered one exactly that which it was told of, an undecided one at most one. */
class TopUps {
  private readonly answered: Map<string, Operation[]>;
  private readonly undecided: Operation[];

  constructor(operations: readonly Operation[]) {
    const booked = operations.filter(({ status }) => status === 201);
    this.answered = Map.groupBy(booked, ({ answer }) => answer?.topUpId ?? '');
    this.undecided = operations.filter(isUndecided);
  }

  take({ amount, balanceAfter, createdAt }: Told): Cause | null {
    for (const [topUpId, by] of this.answered) {
      const told = by[0]!.answer!;
      if (told.amount !== amount || told.balance !== balanceAfter || told.createdAt !== createdAt) continue;
      this.answered.delete(topUpId);
      return { by, from: earliestOf(by), until: Math.min(...by.map(endOf)) };
    }
    const index = this.undecided.findIndex(({ request }) => request.amount === amount);
    if (index < 0) return null;
    const [by] = this.undecided.splice(index, 1);
    return { by: [by!], from: by!.invokedAt, until: Infinity };
  }

  missing(): Violation[] {
    return [...this.answered.values()].map((by) => violation('a lost top-up', `${by[0]!.answer!.amount}`, ...by));
  }
}

/** A completed payment debits once, and its cancellation refunds once; any other moves nothing in the end. */
class Payments {
  private readonly debits = new Map<string, Told>();
  private readonly refunds = new Map<string, Told>();

  constructor(
    private readonly operations: readonly Operation[],
    private readonly evidence: Evidence,
  ) {}

  take(entry: Told): Cause | null {
    const { paymentId, kind, amount } = entry;
    if (!paymentId) return null;
    const mine = kind === 'DEBIT' ? this.debits : this.refunds;
    if (mine.has(paymentId)) return null;
    const by = this.askedFor(paymentId, amount);
    const debit = this.debits.get(paymentId);
    if (by.length === 0 || (kind === 'REFUND' && debit?.amount !== amount)) return null;
    mine.set(paymentId, entry);
    const decided = by.filter((payment) => isCompleted(payment) || isCompensated(payment));
    const all = { by, from: earliestOf(by), until: Math.min(Infinity, ...decided.map(endOf)) };
    return kind === 'REFUND' && decided.some(isCompleted) ? this.cancellationOf(by) : all;
  }

  /** Those answered with this payment; or, where no answer names it, undecided ones of its price. */
  private askedFor(paymentId: string, amount: number | undefined): Operation[] {
    const named = this.operations.filter(({ answer }) => answer?.paymentId === paymentId);
    const moving = named.filter((payment) => isCompleted(payment) || isCompensated(payment));
    if (moving.length > 0) return [...moving, ...this.siblingsOf(moving[0]!)];
    const priceOf = ({ request }: Operation) => this.evidence.holds.get(request.reservationId ?? '')?.amount;
    return this.operations.filter((payment) => isUndecided(payment) && priceOf(payment) === amount);
  }

  /** Undecided requests for the same reservation: one of them may have made the payment that another was told of. */
  private siblingsOf({ request, status }: Operation): Operation[] {
    if (status === 201) return [];
    return this.operations.filter((one) => isUndecided(one) && one.request.reservationId === request.reservationId);
  }

  private cancellationOf(payments: readonly Operation[]): Cause | null {
    const by = this.evidence.cancellations(payments[0]!.request.reservationId ?? '');
    if (by.length === 0) return null;
    return { by, from: earliestOf(by), until: Math.min(...by.map(endOf)) };
  }

  missing(): Violation[] {
    const violations: Violation[] = [];
    for (const payment of this.operations) {
      const { paymentId, amount } = payment.answer ?? {};
      if (!paymentId) continue;
      if (isCompleted(payment) && this.debits.get(paymentId)?.amount !== amount) {
        violations.push(violation('a completed payment without its debit', paymentId, payment));
      }
      if (isCompensated(payment) && this.debits.has(paymentId) !== this.refunds.has(paymentId)) {
        violations.push(violation('a lost refund', paymentId, payment));
      }
      const cancelled = isCompleted(payment) ? this.cancelled(payment) : [];
      if (cancelled.length > 0 && !this.refunds.has(paymentId)) {
        violations.push(violation('a lost refund', paymentId, payment, ...cancelled));
      }
    }
    return violations;
  }

  private cancelled({ request }: Operation): Operation[] {
    return this.evidence.cancellations(request.reservationId ?? '').filter(({ status }) => status === 200);
  }
}

const earliestOf = (operations: readonly Operation[]) => Math.min(...operations.map(({ invokedAt }) => invokedAt));
