import type { History, Operation } from '../history.js';

/** One thing that no honest system could have told. */
export interface Violation {
  /** The broken rule, in a few words that never change. */
  readonly rule: string;
  readonly detail: string;
  /** `fan#seq kind`, of every operation that bears witness. */
  readonly operations: readonly string[];
}

export function violation(rule: string, detail: string, ...operations: readonly Operation[]): Violation {
  return { rule, detail, operations: operations.map(({ fan, seq, kind }) => `${fan}#${seq} ${kind}`) };
}

/** A hold that was answered 201. */
export interface Held {
  readonly operation: Operation;
  readonly fan: string;
  readonly reservationId: string;
  readonly seatIds: readonly string[];
  readonly amount: number;
  /** By the server's clock, ms since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A history, sorted by what its operations were about. */
export class Evidence {
  readonly operations: readonly Operation[];
  readonly fans: readonly string[];
  readonly holds: ReadonlyMap<string, Held>;
  readonly paymentDeadlineMs: number;
  private readonly byReservation: ReadonlyMap<string, readonly Operation[]>;
  private readonly byFan: ReadonlyMap<string, readonly Operation[]>;

  constructor(history: History) {
    this.operations = [...history.operations].sort((one, other) => one.invokedAt - other.invokedAt);
    this.paymentDeadlineMs = history.paymentDeadlineSeconds * 1_000;
    this.byFan = Map.groupBy(this.operations, ({ fan }) => fan);
    this.fans = [...this.byFan.keys()];
    this.byReservation = Map.groupBy(this.operations, ({ request }) => request.reservationId ?? '');
    this.holds = new Map(
      this.operations.filter(isHeld).map((operation) => [reservationOf(operation), held(operation)]),
    );
  }

  of(fan: string, kind: Operation['kind']): Operation[] {
    return (this.byFan.get(fan) ?? []).filter((operation) => operation.kind === kind);
  }

  /** The payments of a reservation that anybody asked for. */
  payments(reservationId: string): Operation[] {
    return this.about(reservationId, 'pay');
  }

  /** Cancellations that happened or may have: answered 200, or undecided. */
  cancellations(reservationId: string): Operation[] {
    return this.about(reservationId, 'cancel').filter((cancel) => cancel.status === 200 || isUndecided(cancel));
  }

  about(reservationId: string, kind: Operation['kind']): Operation[] {
    return (this.byReservation.get(reservationId) ?? []).filter((operation) => operation.kind === kind);
  }
}

export const isCompleted = ({ answer }: Operation) => answer?.status === 'COMPLETED';
/** It may have happened, and may yet: no decision came, or one that tells of a fault. */
export const isUndecided = ({ status }: Operation) => status === null || status >= 500;
/** Money was taken and given back, or never taken: the seats were lost on the way. */
export const isCompensated = ({ status, answer }: Operation) => status === 410 && Boolean(answer?.paymentId);

/** When the operation was over at the latest, ms: never, if undecided. */
export const endOf = (operation: Operation) =>
  isUndecided(operation) ? Infinity : (operation.completedAt ?? Infinity);

/** True when the one was over before the other began: the only order in time that clients can be sure of. */
export const before = (one: Operation, other: Operation) => endOf(one) < other.invokedAt;

function isHeld({ kind, status }: Operation): boolean {
  return kind === 'hold' && status === 201;
}

function reservationOf({ answer }: Operation): string {
  return answer?.reservationId ?? '';
}

function held(operation: Operation): Held {
  const { seatIds = [], amount = 0, createdAt = '', expiresAt = '' } = operation.answer ?? {};
  return {
    operation,
    fan: operation.fan,
    reservationId: reservationOf(operation),
    seatIds,
    amount,
    createdAt: Date.parse(createdAt),
    expiresAt: Date.parse(expiresAt),
  };
}
