import type { Rejection } from '#contracts';
import type { Concert } from './concert.js';
import { firstRejection, type Rule } from './rejection.js';
import type { Schedule } from './schedule.js';
import type { SeatInventory } from './seat-inventory.js';
import { alreadyReserved, seatNotFound } from './seat.js';

/** Somebody asks for seats: everything the rules look at. */
export interface HoldAttempt {
  readonly inventory: SeatInventory;
  readonly schedule: Schedule;
  readonly concert: Concert;
  /** The concert of the visitor's queue token. */
  readonly tokenConcertId: string;
  readonly userId: string;
  /** Each once. */
  readonly seatIds: readonly string[];
  readonly now: Date;
  /** Seats that one user may hold or own of one schedule. */
  readonly ticketLimit: number;
}

/** A pass for one concert buys nothing of another. */
export function tokenIsForThisConcert({ schedule, tokenConcertId }: HoldAttempt): Rejection | null {
  if (schedule.concertId === tokenConcertId) return null;
  return {
    code: 'INVALID_TOKEN',
    detail: 'The queue token belongs to another concert.',
    members: { reason: 'INVALID' },
  };
}

export function seatsExist({ inventory, schedule, seatIds }: HoldAttempt): Rejection | null {
  const unknown = seatIds.filter((seatId) => !inventory.seatOf(schedule.id, seatId));
  return unknown.length > 0 ? seatNotFound(unknown) : null;
}

/** The window includes its opening and not its close. */
export function withinSaleWindow({ concert: { salesOpenAt, salesCloseAt }, now }: HoldAttempt): Rejection | null {
  const tooEarly = salesOpenAt !== null && now < salesOpenAt;
  const tooLate = salesCloseAt !== null && now >= salesCloseAt;
  if (!tooEarly && !tooLate) return null;
  return {
    code: 'SALES_CLOSED',
    detail: tooEarly ? 'Sales have not opened yet.' : 'Sales are over.',
    members: { salesOpenAt: salesOpenAt?.toISOString() ?? null, salesCloseAt: salesCloseAt?.toISOString() ?? null },
  };
}

/** A seat is lost when it is blocked, sold, or under a hold that has not ended, the same user's own included. */
export function seatsAreFree({ inventory, schedule, seatIds, now }: HoldAttempt): Rejection | null {
  const lost = seatIds.filter((seatId) => {
    const blocked = inventory.seatOf(schedule.id, seatId)?.blocked ?? false;
    return blocked || (inventory.claims.on(seatId)?.countsAt(now) ?? false);
  });
  return lost.length > 0 ? alreadyReserved(lost) : null;
}

/** Lapsed holds do not count: the new hold ends them. */
export function withinTicketLimit(attempt: HoldAttempt): Rejection | null {
  const { inventory, schedule, userId, seatIds, now, ticketLimit } = attempt;
  const had = inventory.claims.ofBuyer(schedule.id, userId).filter((claim) => claim.countsAt(now)).length;
  if (had + seatIds.length <= ticketLimit) return null;
  return {
    code: 'TICKET_LIMIT_EXCEEDED',
    detail: `At most ${ticketLimit} seats for one user and date.`,
    members: { limit: ticketLimit },
  };
}

const holdRules: readonly Rule<HoldAttempt>[] = [
  tokenIsForThisConcert,
  seatsExist,
  withinSaleWindow,
  seatsAreFree,
  withinTicketLimit,
];

export const mayHold = (attempt: HoldAttempt): Rejection | null => firstRejection(holdRules, attempt);
