import { assertSeatMove, type Seat, type SeatStatus } from './seat.js';

/** Why a claim ended. */
export type ClaimEnd = 'TAKEN_OVER' | 'LAPSED' | 'BLOCKED' | 'EXPIRED' | 'CANCELLED' | 'COMPENSATED';

export interface ClaimRecord {
  readonly id: string;
  readonly seatId: string;
  readonly scheduleId: string;
  readonly reservationId: string;
  readonly userId: string;
  readonly status: 'HELD' | 'SOLD';
  readonly heldUntil: Date;
  readonly paymentId: string | null;
}

/**
 * A reservation's claim on one seat: HELD for a while, or SOLD. It is live until it is ended, and a seat has at most one
 * live claim. Passing `heldUntil` does not end a claim: it lets anybody end it, and lets its own reservation keep the
 * seat as long as nobody did.
 */
export class Claim {
  readonly id: string;
  readonly seatId: string;
  readonly scheduleId: string;
  readonly reservationId: string;
  readonly userId: string;
  status: 'HELD' | 'SOLD';
  heldUntil: Date;
  paymentId: string | null;
  endedAt: Date | null = null;
  endReason: ClaimEnd | null = null;

  constructor(record: ClaimRecord) {
    this.id = record.id;
    this.seatId = record.seatId;
    this.scheduleId = record.scheduleId;
    this.reservationId = record.reservationId;
    this.userId = record.userId;
    this.status = record.status;
    this.heldUntil = record.heldUntil;
    this.paymentId = record.paymentId;
  }

  get live(): boolean {
    return this.endedAt === null;
  }

  /** True when the hold's end has come: the seat reads AVAILABLE and may be taken over at once. */
  lapsedAt(now: Date): boolean {
    return this.status === 'HELD' && this.heldUntil <= now;
  }

  /** True while the claim keeps others from the seat and counts towards its user's ticket limit. */
  countsAt(now: Date): boolean {
    return this.live && !this.lapsedAt(now);
  }

  /** Never shortens. */
  extend(until: Date): void {
    if (until > this.heldUntil) this.heldUntil = until;
  }

  sell(paymentId: string): void {
    assertSeatMove(this.seatId, this.status, 'SOLD');
    this.status = 'SOLD';
    this.paymentId = paymentId;
  }

  end(reason: ClaimEnd, now: Date): void {
    if (!this.live) throw new Error(`Claim ${this.id} has ended before`);
    assertSeatMove(this.seatId, this.status, 'AVAILABLE');
    this.endedAt = now;
    this.endReason = reason;
  }
}

/** What the rows say, whatever the clock says: a lapsed hold is still HELD until somebody ends it. */
export function recordedStatus(seat: Pick<Seat, 'blocked'> | undefined, claim: Claim | undefined): SeatStatus {
  if (claim) return claim.status;
  return seat?.blocked ? 'BLOCKED' : 'AVAILABLE';
}

/** What everybody is shown: a held seat past its hold's end is free. */
export function statusAt(seat: Pick<Seat, 'blocked'>, claim: Claim | undefined, now: Date): SeatStatus {
  if (seat.blocked) return 'BLOCKED';
  return claim && claim.countsAt(now) ? claim.status : 'AVAILABLE';
}
