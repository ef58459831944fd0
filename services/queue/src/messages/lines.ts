import type { Line } from '../domain/line.js';
import type { PurgeablePlace } from '../domain/purge.js';
import type { WaitingRoom } from '../domain/waiting-room.js';

/** A line and what a batch has decided to do with it beyond the changes that the line records itself. */
export interface LoadedLine {
  readonly line: Line;
  /** The room's row as it was read, to see whether it must be written. */
  readonly asLoaded: WaitingRoom;
  /** Loaded when the batch has a purge. */
  readonly purgeable: readonly PurgeablePlace[];
  doomed: readonly PurgeablePlace[];
  morePurgeable: boolean;
  /** A snapshot goes out at the end of the batch. */
  publish: boolean;
}

/** By concert; concerts without a waiting room are absent. */
export type Lines = ReadonlyMap<string, LoadedLine>;

/** Whether the room's row differs from what was read. */
export function roomChanged({ line, asLoaded }: LoadedLine): boolean {
  return (Object.keys(asLoaded) as (keyof WaitingRoom)[]).some(
    (name) => line.room[name]?.valueOf() !== asLoaded[name]?.valueOf(),
  );
}
