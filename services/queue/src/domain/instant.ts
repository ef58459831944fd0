import { queue } from '#contracts';
import type { Line, Recent } from './line.js';
import type { Place } from './place.js';
import { batchLeft, frontOf, togetherMs, waitingOf } from './pace.js';
import { after, type QueueRules } from './rules.js';
import { circumstances, settle } from './tick.js';
import { advances, classesOf, classOf, type Numbers } from './waiting-room.js';

/**
 * Whether who joins now need not wait for a tick: nobody is ahead, fewer passes run than `instantBelow` and the cap, and the
 * interval's batch is not spent.
 */
export function passesAtOnce(line: Line, { lastNumber }: Numbers): boolean {
  const { room, now } = line;
  // Who is drawn in this batch is ahead, and not in memory.
  if (room.instantBelow === null || line.drawn !== null || !advances(room, now)) return false;
  const waiting = classesOf(room).map((numbers) => waitingOf(line, numbers));
  if (waiting.some(({ live, lookedTo }) => lookedTo !== null || live.length > 0)) return false;
  const most = Math.min(room.instantBelow, room.maxActive ?? Infinity);
  const active = frontOf(line).activeCount + line.activeChange;
  return active < most && batchLeft(line, openRow(line, lastNumber + 1)?.at ?? now) > 0;
}

/**
 * Lets the newest place in. Whoever comes within a second of another, with nobody in between who is passed over, is added to
 * the row of the log that the other began, and shares its time: else a log and a snapshot would grow with every join.
 */
export function letInAtOnce(line: Line, { queueNumber }: Place, rules: QueueRules): void {
  const { room, now } = line;
  const active = frontOf(line).activeCount + line.activeChange;
  const row = openRow(line, queueNumber);
  if (!row) room.tickNumber += 1;
  const at = row?.at ?? now;
  const settled = settle(line, classOf(room, queueNumber), {
    to: queueNumber,
    admitted: [queueNumber],
    at,
    activeUntil: after(at, rules.tokenTtlMs),
  });
  const last = line.advances.at(-1);
  if (row && last?.tickNumber === room.tickNumber && last.generation === room.generation) {
    line.advances.splice(-1, 1, { ...last, to: queueNumber, activated: last.activated + 1 });
  } else line.advances.push({ ...circumstances(room), ...settled, active, limitedBy: 'INSTANT' });
}

/** The newest row of the log, where it is such a one and may still grow: same figures, and the number follows it. */
function openRow(line: Line, queueNumber: number): Recent | undefined {
  const { room, now } = line;
  if (queueNumber !== classOf(room, queueNumber).servingNumber + 1) return undefined;
  const figures = Object.entries(circumstances(room));
  const began = after(now, -togetherMs);
  return [...frontOf(line).recent, ...line.advances].find(
    (row) =>
      row.limitedBy === 'INSTANT' &&
      row.class === queue.classOf(queueNumber) &&
      row.at > began &&
      row.at <= now &&
      figures.every(([name, figure]) => row[name as keyof Recent] === figure),
  );
}
