import type { Rejection } from '#contracts';
import { firstRejection, type Rule } from './rejection.js';

/** A dated show of a concert. Its seats are made with it; it never changes. */
export interface Schedule {
  readonly id: string;
  readonly concertId: string;
  readonly startsAt: Date;
  readonly seatsTotal: number;
}

/** Rows of equal seats as the organizer gives them. `price` is in minor units. */
export interface SeatBlock {
  readonly section: string;
  readonly rows: number;
  readonly seatsPerRow: number;
  readonly price: bigint;
}

/** A block with its place in the house, from which the store makes the seats. */
export interface PlacedBlock extends SeatBlock {
  readonly scheduleId: string;
  /** The block's rows are named firstRow, firstRow + 1, … */
  readonly firstRow: number;
  /** Seats are numbered through the schedule in the organizer's order; this is the number of the block's first. */
  readonly firstPosition: number;
}

/** Above this one statement no longer makes the seats, and one answer no longer lists them, in a reasonable time. */
export const seatsPerScheduleMax = 100_000;

/**
 * Seats of several schedules that one transaction may make, so that it ends well within the statement timeout of 15 s
 * (100,000 take about 1 s). Any single schedule fits.
 */
export const seatsPerBatchMax = 300_000;

/** What lets a concert's dates be listed whole. */
export const schedulesPerConcertMax = 1_000;

export const scheduleNotFound = (scheduleId: string): Rejection => ({
  code: 'SCHEDULE_NOT_FOUND',
  detail: `There is no schedule ${scheduleId}.`,
});

export interface SchedulePlan {
  readonly blocks: readonly SeatBlock[];
  /** Dates that the concert has already. */
  readonly schedules: number;
}

export const seatsTotalOf = (blocks: readonly SeatBlock[]): number =>
  blocks.reduce((total, { rows, seatsPerRow }) => total + rows * seatsPerRow, 0);

export function withinHouseSize({ blocks }: SchedulePlan): Rejection | null {
  const seatsTotal = seatsTotalOf(blocks);
  if (seatsTotal <= seatsPerScheduleMax) return null;
  return {
    code: 'INVALID_REQUEST',
    detail: `A schedule has at most ${seatsPerScheduleMax} seats, not ${seatsTotal}.`,
  };
}

export function withinDateLimit({ schedules }: SchedulePlan): Rejection | null {
  if (schedules < schedulesPerConcertMax) return null;
  return { code: 'INVALID_REQUEST', detail: `A concert has at most ${schedulesPerConcertMax} schedules.` };
}

const planRules: readonly Rule<SchedulePlan>[] = [withinHouseSize, withinDateLimit];

export const mayPlan = (plan: SchedulePlan): Rejection | null => firstRejection(planRules, plan);

/**
 * Gives each block its rows and positions. Rows are named "1".."n" within a section: a second block of the same section
 * (other prices, say) goes on where the first one ended, so that no two seats have the same name.
 */
export function placeBlocks(scheduleId: string, blocks: readonly SeatBlock[]): PlacedBlock[] {
  const rowsBySection = new Map<string, number>();
  let position = 1;
  return blocks.map((block) => {
    const rowsBefore = rowsBySection.get(block.section) ?? 0;
    rowsBySection.set(block.section, rowsBefore + block.rows);
    const placed = { ...block, scheduleId, firstRow: rowsBefore + 1, firstPosition: position };
    position += block.rows * block.seatsPerRow;
    return placed;
  });
}
