import type { Rejection } from '#contracts';

export type SeatStatus = 'AVAILABLE' | 'HELD' | 'SOLD' | 'BLOCKED';

/** One seat of one schedule. All but `blocked` and its reason is fixed for ever. */
export interface Seat {
  readonly id: string;
  readonly scheduleId: string;
  readonly section: string;
  readonly row: string;
  readonly number: number;
  /** Minor units. */
  readonly price: bigint;
  blocked: boolean;
  blockReason: string | null;
}

/** Every move a seat can make. There is no way from BLOCKED into a buyer's hands, and none from SOLD to HELD. */
export const seatTransitions: Readonly<Record<SeatStatus, readonly SeatStatus[]>> = {
  AVAILABLE: ['HELD', 'BLOCKED'],
  HELD: ['SOLD', 'AVAILABLE'],
  SOLD: ['AVAILABLE'],
  BLOCKED: ['AVAILABLE'],
};

/** @throws when the move is none of the table's: whoever asked for it skipped a rule. */
export function assertSeatMove(seatId: string, from: SeatStatus, to: SeatStatus): void {
  if (!seatTransitions[from].includes(to)) throw new Error(`Seat ${seatId} cannot go from ${from} to ${to}`);
}

export const seatNotFound = (seatIds: readonly string[]): Rejection => ({
  code: 'SEAT_NOT_FOUND',
  detail: 'The schedule has no such seat.',
  members: { seatIds },
});

export const alreadyReserved = (seatIds: readonly string[]): Rejection => ({
  code: 'ALREADY_RESERVED_SEAT',
  detail: 'Somebody else has these seats.',
  members: { seatIds },
});
