import { writeFile } from 'node:fs/promises';

/** What fans asked, what they were told, and when: all that a checker needs, as one JSON object. */
export interface History {
  readonly seed: number;
  readonly concert: {
    readonly concertId: string;
    /** Minor units, the same for every seat. */
    readonly price: number;
    readonly scheduleIds: readonly string[];
  };
  /** `PAYMENT_DEADLINE_SECONDS` of the system: how much longer than its hold a seat may be held while it is paid. */
  readonly paymentDeadlineSeconds: number;
  /** In the order in which they ended. */
  readonly operations: readonly Operation[];
}

export const commandKinds = ['top-up', 'hold', 'pay', 'cancel'] as const;
export const readKinds = [
  'read-wallet',
  'read-entries',
  'read-reservations',
  'read-reservation',
  'read-payment',
] as const;
export type OperationKind = (typeof commandKinds)[number] | (typeof readKinds)[number];

/**
 * One thing that a fan wanted: a command, repeated with its key until it was decided, or a read, repeated until it was
 * answered. Every time is in ms of the load's own monotonic clock, which begins at 0.
 */
export interface Operation {
  /** The user id. */
  readonly fan: string;
  /** Counts the fan's operations in the order in which they were begun. */
  readonly seq: number;
  readonly kind: OperationKind;
  /** The Idempotency-Key; null for a read. Two operations with one key are one request sent twice at once. */
  readonly key: string | null;
  readonly request: Asked;
  /** Of a command, when it was first sent; of a read, when the attempt that was answered was sent. */
  readonly invokedAt: number;
  /** Null when no decision came within the time for a whole request: it may have happened, and may yet. */
  readonly completedAt: number | null;
  readonly attempts: readonly Attempt[];
  /** HTTP status of the decision; null while undecided. */
  readonly status: number | null;
  /** The body of the decision, without what nobody compares; null while undecided. */
  readonly answer: Told | null;
  /** True for the reads after everything was decided: they must show all of it. */
  readonly final?: boolean;
}

/** What the request named. */
export interface Asked {
  readonly amount?: number;
  readonly scheduleId?: string;
  readonly seatIds?: readonly string[];
  readonly reservationId?: string;
  readonly paymentId?: string;
}

export interface Attempt {
  readonly invokedAt: number;
  readonly completedAt: number;
  /** 'none': the connection failed, was cut by the fan, or stayed silent. */
  readonly status: number | 'none';
}

/** Members of the public API's bodies, and of its problems; a reservation's seats as `seatIds`, a list as `items`. */
export interface Told {
  readonly code?: string;
  readonly status?: string;
  readonly topUpId?: string;
  readonly reservationId?: string;
  readonly paymentId?: string | null;
  readonly entryId?: string;
  readonly kind?: string;
  readonly amount?: number;
  readonly balance?: number;
  readonly balanceAfter?: number;
  readonly refundedAmount?: number;
  readonly seatIds?: readonly string[];
  readonly createdAt?: string;
  readonly expiresAt?: string;
  readonly paidAt?: string | null;
  readonly cancelledAt?: string | null;
  readonly items?: readonly Told[];
}

const members: readonly (keyof Told)[] = [
  'code',
  'status',
  'topUpId',
  'reservationId',
  'paymentId',
  'entryId',
  'kind',
  'amount',
  'balance',
  'balanceAfter',
  'refundedAmount',
  'seatIds',
  'createdAt',
  'expiresAt',
  'paidAt',
  'cancelledAt',
];

/** The part of an answer's body that is kept: no texts, no trace ids, nothing that grows (a timeline) or runs (seconds left). */
export function toldBy(body: any): Told {
  const told: Record<string, unknown> = {};
  for (const member of members) if (body?.[member] !== undefined) told[member] = body[member];
  // A problem's own `status` repeats the HTTP status.
  if (told.code !== undefined) delete told.status;
  if (Array.isArray(body?.seats)) told.seatIds = body.seats.map(({ seatId }: { seatId: string }) => seatId);
  if (Array.isArray(body?.items)) told.items = body.items.map(toldBy);
  return told;
}

export async function writeHistory(history: History, path: string): Promise<void> {
  const { operations, ...facts } = history;
  // One operation a line, for grep and diff.
  const lines = operations.map((operation) => `    ${JSON.stringify(operation)}`).join(',\n');
  await writeFile(
    path,
    `${JSON.stringify(facts, null, 2).replace(/\n}$/, '')},\n  "operations": [\n${lines}\n  ]\n}\n`,
  );
}
