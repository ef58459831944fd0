import { isDeepStrictEqual } from 'node:util';
import type { Line } from '../domain/line.js';
import type { PurgeablePlace } from '../domain/purge.js';
import type { LineCounts } from '../domain/snapshot.js';
import type { WaitingRoom } from '../domain/waiting-room.js';

/** A line and what a batch has decided to do with it beyond the changes that the line records itself. */
export interface LoadedLine {
  readonly line: Line;
  /** The room's row as it was read, to see whether it must be written. */
  readonly asLoaded: WaitingRoom;
  /** Loaded when the batch has an operator's command: as they were before the batch. */
  counts: LineCounts | null;
  /** Loaded when the batch has a purge. */
  readonly purgeable: readonly PurgeablePlace[];
  doomed: readonly PurgeablePlace[];
  /** A snapshot goes out at the end of the batch. */
  publish: boolean;
}

/** By concert; concerts without a waiting room are absent. */
export type Lines = ReadonlyMap<string, LoadedLine>;

/** Whether the room's row differs from what was read. */
export function roomChanged({ line, asLoaded }: LoadedLine): boolean {
  return !isDeepStrictEqual(line.room, asLoaded);
}
