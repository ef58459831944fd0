import { queue } from '#contracts';
import type { Line } from './line.js';
import { awaitsDraw, isDrawing, type WaitingRoom } from './waiting-room.js';

/** Most registrations that one command numbers: the room is locked meanwhile, for some half a second. */
export const drawPage = 20_000;

/**
 * Numbers the next page of registrations, once a batch.
 * @returns whether another page is to follow
 */
export function draw(line: Line): boolean {
  const { room } = line;
  if (!isDrawing(room) || line.drawn) return false;
  const before = room.drawnTo;
  room.drawnTo = Math.min(room.registered, before + drawPage);
  const numbers = queue.drawNumbers(room.seed, room.registered).subarray(before, room.drawnTo);
  line.drawn = { generation: room.generation, from: before + 1, numbers };
  line.visibleChange = true;
  return isDrawing(room);
}

/** What everybody may know of the draw, if the room has one: the seed's hash from the start, the seed once it is done. */
export function publishedDraw(room: WaitingRoom): queue.Draw | null {
  const { seed, registered } = room;
  return seed === null ? null : { seedHash: queue.hashOfSeed(seed), registered, seed: awaitsDraw(room) ? null : seed };
}
