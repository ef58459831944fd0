/** The settings of every waiting room; operators may give a room figures of its own instead of the last three. */
export interface QueueRules {
  /** How long a pass lasts, and how long a signed token of a waiting place does. */
  readonly tokenTtlMs: number;
  /** How long after its end a pass may still pay for a hold that was taken with it. */
  readonly latePaymentMs: number;
  readonly tickMs: number;
  readonly activationBatch: number;
  /** Null: no limit. */
  readonly maxActive: number | null;
}

/** What a room may have of its own. */
export type Figures = Pick<QueueRules, 'tickMs' | 'activationBatch' | 'maxActive'>;

/**
 * How long the row of a waiting place lives after it was seen. Half as long again as a token, so that a renewal is sent
 * only every half token length, and a token signed before it never outlives the row.
 */
export function leaseMs(rules: QueueRules): number {
  return rules.tokenTtlMs * 1.5;
}

/** Gateways ask for leases by their own estimate of the database's clock; so much may they be ahead. */
export const renewalSkewMs = 10_000;

/**
 * How long activated ranges, and who spent or left inside them, stay in the snapshot: as long as any verdict asks for
 * them, that of a late payment included.
 */
export function keptMs(rules: QueueRules): number {
  return rules.tokenTtlMs + rules.latePaymentMs;
}

/** Eleven minutes for tokens of ten: everybody whose token was good before an outage has time to come back. */
export function graceMs(rules: QueueRules): number {
  return rules.tokenTtlMs * 1.1;
}

/** At most one snapshot of a concert per half second. */
export const snapshotSpacingMs = 500;

/**
 * A line with so many numbers is long: who lives in it is counted by a timer, and not by every snapshot (some 50 ms per
 * 100,000 waiting, with the room locked). So much longer than the shortest is the spacing of its snapshots, for changes other
 * than a tick's: at most ten times, which is a tick's interval.
 */
export const longLine = { numbers: 100_000, mostTimes: 10 } as const;

/** A count that is older is not used any more: the timer is away, and the line is counted whole. */
export const countKeptMs = 30_000;

export function after(instant: Date, ms: number): Date {
  return new Date(instant.getTime() + ms);
}

export function laterOf(one: Date, other: Date): Date {
  return one > other ? one : other;
}

export function earlierOf(one: Date, other: Date): Date {
  return one < other ? one : other;
}
