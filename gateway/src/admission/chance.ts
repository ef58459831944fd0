import type { ClassLine, Room } from './room.js';

export const chances = ['LIKELY', 'UNLIKELY', 'SOLD_OUT'] as const;
export type Chance = (typeof chances)[number];

/** Until somebody has bought: most come in pairs. */
const SEATS_PER_BUYER = 2;

/**
 * Whether seats will be left when a position's turn comes; 0 is ACTIVE. LIKELY: the seats that are left (free, or held) are
 * enough for everybody with a pass and in line up to it, if each buys as many as buyers of this concert did on average. So
 * it is said as if nobody ahead went away, and no seat came back; and as if all of the other classes went first. SOLD_OUT: every seat is sold or blocked. Null: not known.
 */
export function chanceOf(
  room: Room | undefined,
  position: number | null,
  line: ClassLine | undefined = room?.lineOf(null),
): Chance | null {
  const { stock = null, activeCount = 0 } = room?.snapshot ?? {};
  if (stock === null) return null;
  if (stock.seatsLeft === 0) return 'SOLD_OUT';
  if (!room || position === null) return null;
  const ahead = position === 0 ? 0 : room.waiting(line);
  const perBuyer = stock.buyers === 0 ? SEATS_PER_BUYER : stock.seatsSold / stock.buyers;
  return (activeCount + ahead + position) * perBuyer <= stock.seatsLeft ? 'LIKELY' : 'UNLIKELY';
}
