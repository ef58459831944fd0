import type { Shown } from '../admission/waiting-room.js';
import type { Room } from '../admission/room.js';
import { eventText } from './event-stream.js';

/** At least so often a waiting place is told again, renewed. */
const TOLD_EVERY_MS = 25_000;
/** As polling does: so often within the time of a token. */
const TOLD_PER_TOKEN = 4;

/** What a stream has told so far. Times in ms on the monotonic clock. */
export interface Told {
  /** Null before the first place. */
  readonly at: number | null;
  readonly tick: number;
  readonly position: number | null;
  readonly mode: string;
}

export interface Seen {
  readonly now: number;
  readonly tick: number;
  readonly position: number | null;
  readonly mode: string;
  readonly tokenMs: number;
}

/** Whether a place is to be told: a new mode at once, another position with the next tick, and anything before its token gets old. */
export function isDue(told: Told, seen: Seen): boolean {
  if (told.at === null || told.mode !== seen.mode) return true;
  if (seen.now - told.at >= Math.min(TOLD_EVERY_MS, seen.tokenMs / TOLD_PER_TOKEN)) return true;
  return seen.tick > told.tick && seen.position !== told.position;
}

/** Writes places as events. What all of a line are told alike is encoded once for each snapshot. */
export class PlaceEvents {
  private readonly heads = new WeakMap<Room, { readonly opensAt: string | null; readonly text: string }>();

  text(event: 'place' | 'active', { line, own }: Shown, room: Room | undefined): string {
    return eventText(event, tickOf(room), `${this.head(line, room)},${JSON.stringify(own).slice(1)}`);
  }

  private head(line: Shown['line'], room: Room | undefined): string {
    const known = room && this.heads.get(room);
    if (known && known.opensAt === line.opensAt) return known.text;
    const text = JSON.stringify(line).slice(0, -1);
    if (room) this.heads.set(room, { opensAt: line.opensAt, text });
    return text;
  }
}

export function tickOf(room: Room | undefined): number {
  return room?.snapshot.tickNumber ?? 0;
}
