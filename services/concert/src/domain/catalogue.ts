import type { Rejection } from '#contracts';
import { type Concert, concertNotFound, saleWindowIsOrdered } from './concert.js';
import { mayPlan, placeBlocks, type Schedule, type SeatBlock, seatsTotalOf } from './schedule.js';
import type { SeatInventory } from './seat-inventory.js';

/** Puts a concert into the catalogue. One that is there already is returned as it is: the request is a repeat. */
export function createConcert(inventory: SeatInventory, concert: Concert): Concert | Rejection {
  const existing = inventory.concert(concert.id);
  if (existing) return existing;
  const no = saleWindowIsOrdered(concert);
  if (no) return no;
  inventory.addConcert(concert);
  return concert;
}

export interface ScheduleRequest {
  readonly scheduleId: string;
  readonly concertId: string;
  readonly startsAt: Date;
  readonly blocks: readonly SeatBlock[];
}

/** Gives a concert a date with its seats. One that is there already is returned as it is: the request is a repeat. */
export function createSchedule(inventory: SeatInventory, request: ScheduleRequest): Schedule | Rejection {
  const { scheduleId, concertId, startsAt, blocks } = request;
  const existing = inventory.schedule(scheduleId);
  if (existing) return existing;
  if (!inventory.concert(concertId)) return concertNotFound(concertId);
  const no = mayPlan({ blocks, schedules: inventory.schedulesOf(concertId) });
  if (no) return no;
  const schedule = { id: scheduleId, concertId, startsAt, seatsTotal: seatsTotalOf(blocks) };
  inventory.addSchedule(schedule, placeBlocks(scheduleId, blocks));
  return schedule;
}
