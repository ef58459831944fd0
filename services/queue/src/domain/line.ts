import { finish, isLive, type Place, tokenNumberOf } from './place.js';
import type { QueueRules } from './rules.js';
import { deadLineOf, type LogEntry, noticeOpening, noticeOutage, type WaitingRoom } from './waiting-room.js';

/** Who waits at the front of a class. */
export interface Waiting {
  /** The lowest live waiting numbers above the serving number, ascending: as many as the tick could want. */
  readonly liveNumbers: readonly number[];
  /** The highest waiting number looked at, where the look ended before the end of the line; else null. */
  readonly lookedTo: number | null;
}

/** What a tick needs to know of the waiting rows that are not loaded one by one. */
export interface Front {
  /** By the class's index. */
  readonly classes: ReadonlyMap<number, Waiting>;
  /** Places whose pass runs now. */
  readonly activeCount: number;
  /** Rows of the activation log, of any generation, that may be of the interval that ends now. */
  readonly recent: readonly Recent[];
}

/** How many became active when, and by the figures of which row of the log. */
export type Recent = Pick<Advance, keyof Circumstances | 'at' | 'class' | 'activated' | 'limitedBy'>;

/** Which row of the log, and the figures that held. */
export interface Circumstances {
  readonly generation: number;
  readonly tickNumber: number;
  readonly activationBatch: number;
  readonly tickMs: number;
  readonly maxActive: number | null;
}

/** What a tick did with a class and why, or joins that were let in at once, for the activation log and for the rows that are not loaded. */
export interface Advance extends Circumstances {
  readonly at: Date;
  /** Whose numbers these are. */
  readonly class: number;
  /** The range that it settled; when it moved nobody, `to` is the number before `from`. */
  readonly from: number;
  readonly to: number;
  readonly activated: number;
  /** Numbers in [from, to] that no longer waited, or were dead. */
  readonly passedOver: readonly number[];
  readonly activeUntil: Date;
  /** Passes that ran before it; null where that did not matter. */
  readonly active: number | null;
  readonly limitedBy: LogEntry;
}

/** Registrations from `from` on whose numbers a draw has come to. */
export interface DrawPage {
  readonly generation: number;
  readonly from: number;
  /** `numbers[i]` is that of registration `from + i`. */
  readonly numbers: Uint32Array;
}

/**
 * One concert's line during a batch: its room, the places that the batch's messages touch, and what has changed. Rows
 * beyond those are only ever changed by a tick, as a range.
 */
export class Line {
  /** New places, in number order. */
  readonly created: Place[] = [];
  readonly changed = new Set<Place>();
  /** Numbers of the room's generation that were spent or left during the batch, in that order: told at once, before any snapshot. */
  ended = { spent: [] as number[], left: [] as number[] };
  /** Something a visitor or operator could see has changed. */
  visibleChange = false;
  /** The change is that of a tick: it is shown as soon as may be. */
  ticked = false;
  /** What is written to the log, in its order: of one tick at most, by class, and of joins that were let in at once. */
  readonly advances: Advance[] = [];
  /** Who was seen with their pass for the first time. */
  arrived = 0;
  /** Passes that began during the batch, less those that ended. */
  activeChange = 0;
  /** Registrations that get their numbers at the end of the batch: until then they have none. */
  drawn: DrawPage | null = null;
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
    this.visibleChange = noticeOpening(room, now);
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

  /** What the tick did, by class, if there is one in the batch that came in time and has something to tell. */
  get ticks(): readonly Advance[] {
    return this.advances.filter(({ limitedBy }) => limitedBy !== 'INSTANT');
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
    if (place.status === 'ACTIVE' && this.isLive(place)) this.activeChange -= 1;
    finish(place, how, this.now);
    if (how === 'SPENT') this.ended.spent.push(tokenNumberOf(place));
    if (how === 'LEFT') this.ended.left.push(tokenNumberOf(place));
    if (this.livingByUser.get(place.userId) === place) this.livingByUser.delete(place.userId);
    this.touch(place);
    this.visibleChange = true;
  }

  /** A new generation has begun: nobody of the older ones is in the line any more. */
  startAnew(): void {
    this.byNumber.clear();
    this.ended = { spent: [], left: [] };
    this.drawn = null;
    this.activeChange = 0;
    if (this.front) this.front = { ...this.front, classes: new Map(), activeCount: 0 };
    this.visibleChange = true;
  }

  private remember(place: Place): void {
    this.byToken.set(place.tokenId, place);
    if (place.generation === this.room.generation) this.byNumber.set(place.queueNumber, place);
    if (place.status === 'WAITING' || place.status === 'ACTIVE') this.livingByUser.set(place.userId, place);
  }
}
