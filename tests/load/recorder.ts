import { type Answer, problemOf } from '#testing';
import type { Operation } from './history.js';

/** The contract's longest time for an answer, ms. */
export const ANSWER_MS = 10_000;

/** Statuses a well-behaved client can get for what fans ask; anything else is a breach. */
const ordinary = new Set([200, 201, 202, 401, 402, 409, 410, 422, 429, 503]);
/** Codes that only a client at fault gets. */
const undeserved = new Set(['UNAUTHENTICATED', 'IDEMPOTENCY_KEY_REUSED', 'INVALID_REQUEST']);

/** What one load has seen so far. */
export class Recorder {
  readonly operations: Operation[] = [];
  /** Answers by what was asked and then by status; 'none' where there was no answer. */
  readonly counts: Record<string, Record<string, number>> = {};
  /** Answers that break the contract. Each begins with its kind: `silent`, `late`, `shape`, `unexpected`. */
  readonly breaches: string[] = [];
  private readonly paidIds = new Set<string>();
  private readonly start = performance.now();
  private waiting: (() => void)[] = [];

  /** Ms since the load began. */
  now(): number {
    return Math.round((performance.now() - this.start) * 1_000) / 1_000;
  }

  /** Payments that were answered 201 COMPLETED. */
  get paid(): number {
    return this.paidIds.size;
  }

  nextPayment(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  add(operation: Operation): void {
    this.operations.push(operation);
    const { kind, status, answer } = operation;
    const paymentId = kind === 'pay' && status === 201 && answer?.status === 'COMPLETED' && answer.paymentId;
    if (!paymentId || this.paidIds.has(paymentId)) return;
    this.paidIds.add(paymentId);
    const waiting = this.waiting;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Counts an answer and holds it against the contract. */
  answered(what: string, answer: Answer, { gateway, tookMs }: { gateway: string; tookMs: number }): void {
    this.count(what, String(answer.status));
    const said = () => `${what} was answered by ${gateway}: ${answer.status} ${JSON.stringify(answer.body)}`;
    if (tookMs > ANSWER_MS) this.breaches.push(`late: ${said()} after ${Math.round(tookMs)} ms`);
    if (!ordinary.has(answer.status) || undeserved.has(answer.body?.code)) this.breaches.push(`unexpected: ${said()}`);
    if (answer.status === 202 && !/^\d+$/.test(answer.headers.get('retry-after') ?? '')) {
      this.breaches.push(`shape: ${said()} without Retry-After`);
    }
    if (answer.status < 400) return;
    try {
      problemOf(answer);
    } catch (error) {
      this.breaches.push(`shape: ${said()}: ${String(error)}`);
    }
  }

  /** No answer: cut by the fan or by a dying process is ordinary, an open connection without a word is a breach. */
  unanswered(what: string, why: 'cut' | 'failed' | 'silent' | 'broken', gateway: string): void {
    this.count(what, 'none');
    if (why === 'broken') this.breaches.push(`shape: ${what} was answered by ${gateway} with what is no JSON`);
    if (why === 'silent') this.breaches.push(`silent: ${what} had no answer from ${gateway} within ${ANSWER_MS} ms`);
  }

  private count(what: string, status: string): void {
    const counts = (this.counts[what] ??= {});
    counts[status] = (counts[status] ?? 0) + 1;
  }
}
