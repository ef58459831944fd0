import { finish, isLive, type Place } from './place.js';
import type { QueueRules } from './rules.js';
import { deadLineOf, noticeOutage, type WaitingRoom } from './waiting-room.js';

/** What a tick needs to know of the waiting rows that are not loaded one by one. */
export interface Front {
  /** The lowest live waiting numbers above the serving number, ascending: as many as the tick could want. */
  readonly liveNumbers: readonly number[];
  /** The highest waiting number looked at, where the look ended before the end of the line; else null. */
  readonly lookedTo: number | null;
  /** Places whose pass runs now. */
  readonly activeCount: number;
}

/** What a tick did, for the activation log and for the rows that are not loaded. */
export interface Advance {
  readonly tickNumber: number;
  readonly from: number;
  readonly to: number;
  readonly activated: number;
  /** Numbers in [from, to] that no longer waited, or were dead. */
  readonly passedOver: readonly number[];
  readonly activeUntil: Date;
}

/**
 * One concert's line during a batch: its room, the places that the batch's messages touch, and what has changed. Rows
 * beyond those are only ever changed by a tick, as a range.
 */
export class Line {
  /** New places, in number order. */
  readonly created: Place[] = [];
  readonly changed = new Set<Place>();
  /** Something a visitor or operator could see has changed. */
  visibleChange = false;
  /** The change is that of a tick: it is shown as soon as may be. */
  ticked = false;
  advance: Advance | null = null;
  /** Passes that ended during the batch, before the tick in it. */
  freed = 0;
  private readonly unsaved = new Set<Place>();
  private readonly byToken = new Map<string, Place>();
  private readonly byNumber = new Map<number, Place>();
  private readonly livingByUser = new Map<string, Place>();

  constructor(
    readonly room: WaitingRoom,
    places: readonly Place[],
    readonly now: Date,
    rules: QueueRules,
    /** Loaded when the batch has a tick that is due. */
    public front: Front | null = null,
  ) {
    noticeOutage(room, now, rules);
    for (const place of places) this.remember(place);
  }

  /** The place that the user has by its status, dead or alive. */
  placeOf(userId: string): Place | undefined {
    return this.livingByUser.get(userId);
  }

  placeByToken(tokenId: string): Place | undefined {
    return this.byToken.get(tokenId);
  }

  placeAt(queueNumber: number): Place | undefined {
    return this.byNumber.get(queueNumber);
  }

  /** The places in memory, in number order. */
  placesBetween(from: number, to: number): Place[] {
    return [...this.byNumber.values()]
      .filter(({ queueNumber }) => queueNumber >= from && queueNumber <= to)
      .sort((one, other) => one.queueNumber - other.queueNumber);
  }

  isLive(place: Place): boolean {
    return place.generation === this.room.generation && isLive(place, this.now, deadLineOf(this.room, this.now));
  }

  add(place: Place): void {
    this.created.push(place);
    this.unsaved.add(place);
    this.remember(place);
    this.visibleChange = true;
  }

  /** Notes that a loaded place has other values now. Created ones are saved as they end up. */
  touch(place: Place): void {
    if (!this.unsaved.has(place)) this.changed.add(place);
  }

  finish(place: Place, how: 'SPENT' | 'LEFT' | 'EXPIRED'): void {
    if (place.status === 'ACTIVE' && this.isLive(place)) this.freed += 1;
    finish(place, how, this.now);
    if (this.livingByUser.get(place.userId) === place) this.livingByUser.delete(place.userId);
    this.touch(place);
    this.visibleChange = true;
  }

  private remember(place: Place): void {
    this.byToken.set(place.tokenId, place);
    if (place.generation === this.room.generation) this.byNumber.set(place.queueNumber, place);
    if (place.status === 'WAITING' || place.status === 'ACTIVE') this.livingByUser.set(place.userId, place);
  }
}
