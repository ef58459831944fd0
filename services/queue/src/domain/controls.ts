import { queue, type Rejection } from '#contracts';
import type { Line } from './line.js';
import { after, type Figures, laterOf } from './rules.js';
import { type AdmissionClass, classesOf, noNumbers, preQueue, type WaitingRoom } from './waiting-room.js';

/** What an operator wants changed; what is absent stays as it is. */
export interface Controls extends Partial<Figures> {
  readonly mode?: queue.QueueMode;
  readonly message?: string | null;
  readonly instantBelow?: number | null;
  readonly classes?: queue.Controls['classes'];
}

/**
 * Changes how the room works, from the next message and tick on.
 * @returns why not, and then nothing has changed
 */
export function control(line: Line, { mode, message, instantBelow, classes, ...figures }: Controls): Rejection | null {
  const { room, now } = line;
  const changed = classes && classesAs(room, classes);
  if (changed && 'code' in changed) return changed;
  if (changed) room.classes = changed;
  if (mode !== undefined) room.mode = mode;
  if (message !== undefined) room.message = message;
  if (instantBelow !== undefined) room.instantBelow = instantBelow;
  room.own = { ...room.own, ...figures };
  Object.assign(room, figures);
  // Not in the past, which would look like an outage of shorter intervals.
  if (figures.tickMs !== undefined) room.nextTickAt = laterOf(after(room.lastTickAt, figures.tickMs), now);
  room.idleFor = null;
  line.visibleChange = true;
  return null;
}

/** A class is known by its name, and keeps its numbers under it. One that has given some stays for the generation. */
function classesAs({ classes }: WaitingRoom, wanted: NonNullable<Controls['classes']>): AdmissionClass[] | Rejection {
  const known = new Map(classes.map((one) => [one.name, one]));
  const names = new Set(wanted.map(({ name }) => name));
  const inUse = classes.filter(({ index, lastNumber }) => lastNumber > queue.numberBefore(index));
  const missing = inUse.find(({ name }) => !names.has(name));
  if (missing) {
    const message = `must have ${missing.name}, which has given numbers: set its share to 0, or reset the line`;
    const members = { errors: [{ path: 'classes', message }] };
    return { code: 'INVALID_REQUEST', detail: 'A class in use was left out.', members };
  }
  const taken = new Set(wanted.map(({ name }) => known.get(name)?.index));
  let free = 0;
  const nextFree = () => {
    do free += 1;
    while (taken.has(free));
    return free;
  };
  const changed = wanted.map(({ name, share, codeHash }) => {
    const before = known.get(name) ?? { ...noNumbers(nextFree()), codeHash: null };
    return { ...before, name, share, codeHash: codeHash === undefined ? before.codeHash : codeHash };
  });
  return changed.sort((one, other) => one.index - other.index);
}

/**
 * Begins a new generation: an empty line whose numbers begin at 1, and nobody's pass runs. The next tick's time, the mode,
 * the figures and the message stay. Before the sale opens it is a pre-queue again, with a `seed` of its own (32 random bytes in
 * hexadecimal).
 */
export function reset(line: Line, seed: string): void {
  const { room, now } = line;
  room.generation += 1;
  Object.assign(room, preQueue(room.salesOpenAt, seed, now));
  for (const numbers of classesOf(room)) Object.assign(numbers, noNumbers(numbers.index));
  room.idleFor = null;
  line.startAnew();
}
