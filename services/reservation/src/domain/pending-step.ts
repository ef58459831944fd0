/** A saga's request to another service, as its row keeps it: enough to repeat it, and to know when to give up. */
export interface PendingStep {
  /** The id of the command whose reply is awaited; null once the saga has ended. */
  readonly lastRequestId: string | null;
  /** When that command was last sent. */
  readonly stepSentAt: Date;
  /** How often it was sent; at least 1. */
  readonly attempts: number;
  /** When the saga's timer must look again; null when nothing but a late reply or an operator can move it. */
  readonly nextCheckAt: Date | null;
  readonly createdAt: Date;
  readonly deadlineAt: Date;
  /** When what is undecided becomes STUCK; null in rows of processes that kept no such time. */
  readonly graceEndsAt: Date | null;
  /** Set while the saga is STUCK: why it cannot be decided without an operator. */
  readonly stuckReason: string | null;
}

/** After its first sending. */
export const FIRST_REPEAT_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/** A command goes out for the first time: the same id is repeated until its reply, or until the saga turns. */
export function sent(requestId: string, now: Date) {
  return { lastRequestId: requestId, stepSentAt: now, attempts: 1, stuckReason: null };
}

/** The saga's last reply is in. */
export const settled = { lastRequestId: null, nextCheckAt: null, stuckReason: null };

/** Doubling: 5, 10, 20 … seconds after each sending, at most 5 minutes. */
export function repeatDueAt({ stepSentAt, attempts }: PendingStep): Date {
  const pause = Math.min(FIRST_REPEAT_MS * 2 ** Math.min(attempts - 1, 30), LONGEST_PAUSE_MS);
  return new Date(stepSentAt.getTime() + pause);
}

/** The time that a saga is given from now on, and as long again as grace. */
export function deadlineIn(seconds: number, now: Date) {
  const deadlineAt = new Date(now.getTime() + seconds * 1_000);
  return { deadlineAt, graceEndsAt: new Date(deadlineAt.getTime() + seconds * 1_000) };
}

/** What is undecided then is STUCK. Where no such time was kept, the deadline was given when the saga began. */
export function graceEndsAt({ createdAt, deadlineAt, graceEndsAt: kept }: PendingStep): Date {
  return kept ?? new Date(2 * deadlineAt.getTime() - createdAt.getTime());
}

/** The next look: when the repeat is due, or at `turnsAt` (a deadline still to come) if that is sooner. */
export function nextCheck(step: PendingStep, turnsAt: Date | null, now: Date): Date {
  const repeatAt = repeatDueAt(step);
  return turnsAt && turnsAt > now && turnsAt < repeatAt ? turnsAt : repeatAt;
}

/** Nothing but an operator or a late, valid reply moves it from here. */
export const stuck = (reason: string) => ({ stuckReason: reason, nextCheckAt: null });
