import type { Line } from './line.js';
import { after, longLine, snapshotSpacingMs } from './rules.js';
import type { WaitingRoom } from './waiting-room.js';

/**
 * Whether a snapshot may go out now: at most one of a concert in half a second, and rarer ones of a long line. Changes
 * around a tick's due time wait for the tick, which would else be shown half a second late.
 */
export function maySend(room: WaitingRoom, now: Date, ticked = false): boolean {
  if (room.snapshotAt === null) return true;
  const ageMs = now.getTime() - room.snapshotAt.getTime();
  return ticked ? ageMs >= snapshotSpacingMs : ageMs >= spacingMs(room) && !isTickNear(room, now);
}

function isTickNear({ nextTickAt }: WaitingRoom, now: Date): boolean {
  return Math.abs(nextTickAt.getTime() - now.getTime()) < snapshotSpacingMs;
}

export function spacingMs({ registered, lastNumber, servingNumber }: WaitingRoom): number {
  const length = Math.max(registered, lastNumber) - servingNumber;
  const times = 1 + Math.floor(length / longLine.numbers);
  return snapshotSpacingMs * Math.min(times, longLine.mostTimes);
}

/**
 * Decides whether what has changed is shown now or held back until it may be. Holding back raises the flag that the
 * snapshot timer looks for.
 * @returns true when a snapshot with the room's new version is to be sent.
 */
export function show(line: Line): boolean {
  if (!line.visibleChange) return false;
  if (maySend(line.room, line.now, line.ticked)) return publish(line);
  line.room.snapshotDue = true;
  return false;
}

/** The snapshot that was held back, unless one went out since, or goes out with a tick: that one shows everything. */
export function showHeldBack(line: Line): boolean {
  return maySend(line.room, line.now) && publish(line);
}

/** Versions rise under the lock of the room's row, so that the highest is the newest. */
function publish({ room, now }: Line): true {
  room.version += 1;
  room.snapshotAt = now;
  room.snapshotDue = false;
  return true;
}

/** When the first of the snapshots that these rooms hold back may go out; null when none is held back. */
export function heldBackUntil(rooms: readonly WaitingRoom[]): Date | null {
  const times = rooms.flatMap((room) =>
    room.snapshotDue && room.snapshotAt ? [after(room.snapshotAt, spacingMs(room)).getTime()] : [],
  );
  return times.length === 0 ? null : new Date(Math.min(...times));
}
