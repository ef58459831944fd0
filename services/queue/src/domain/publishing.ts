import type { Line } from './line.js';
import { snapshotSpacingMs } from './rules.js';
import type { WaitingRoom } from './waiting-room.js';

/** Whether a snapshot may go out now: at most one of a concert in half a second. */
export function maySend({ snapshotAt }: WaitingRoom, now: Date): boolean {
  return snapshotAt === null || now.getTime() - snapshotAt.getTime() >= snapshotSpacingMs;
}

/**
 * Decides whether what has changed is shown now or held back until it may be. Holding back raises the flag that the
 * snapshot timer looks for.
 * @returns true when a snapshot with the room's new version is to be sent.
 */
export function show(line: Line): boolean {
  if (!line.visibleChange) return false;
  if (maySend(line.room, line.now)) return publish(line);
  line.room.snapshotDue = true;
  return false;
}

/** The snapshot that was held back, unless one went out since: that one showed everything. */
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
