import { anId } from '../../services/queue/test/line.builders.js';

/** Where a visitor stands, as the visitor knows it. */
export const stages = { AWAY: 0, JOINING: 1, WAITING: 2, ACTIVE: 3, OVER: 4 } as const;
export type Stage = (typeof stages)[keyof typeof stages];

/** What becomes of those who joined; noted when it is known. */
export const ends = { NONE: 0, SPENT: 1, LEFT: 2 } as const;

/** All visitors, one column for each thing known of them. Instants in ms since 1970, NaN while unknown; 0 is no number. */
export class Crowd {
  readonly userIds: string[];
  readonly tokenIds: string[];
  readonly stage: Uint8Array;
  readonly answers: Uint16Array;
  readonly joins: Uint8Array;
  /** When the visitor asked for a place first, and which of all joins that the broker took it was. */
  readonly arrivedAt: Float64Array;
  readonly order: Int32Array;

  // What the visitor's queue token says.
  readonly queueNumber: Int32Array;
  readonly issuedAt: Float64Array;
  readonly expiresAt: Float64Array;
  readonly leaseUntil: Float64Array;
  /** 0: none yet. */
  readonly tokenPosition: Int32Array;

  // What the visitor was told.
  /** 0: none yet. */
  readonly shownPosition: Int32Array;
  readonly seenAt: Float64Array;
  readonly toldActiveAt: Float64Array;
  readonly firstEstimate: Float32Array;
  readonly firstEstimateAt: Float64Array;
  /** That of one answer of all, drawn at random, s. */
  readonly someEstimate: Float32Array;
  readonly someEstimateAt: Float64Array;

  // What became of the place.
  readonly activatedAt: Float64Array;
  /** Version of the first snapshot that must show the activation, and the end. */
  readonly activatedIn: Int32Array;
  readonly end: Uint8Array;
  readonly endedBy: Int8Array;
  readonly endedIn: Int32Array;
  /** By queue number: whose it is, counted from 1. */
  readonly ownerOf: Int32Array;

  constructor(readonly size: number) {
    this.userIds = Array.from({ length: size }, (_, visitor) => `v${visitor}`);
    this.tokenIds = new Array<string>(size).fill('');
    const bytes = () => new Uint8Array(size);
    const whole = () => new Int32Array(size);
    const instants = () => new Float64Array(size).fill(NaN);
    [this.stage, this.joins, this.end] = [bytes(), bytes(), bytes()];
    this.answers = new Uint16Array(size);
    this.endedBy = new Int8Array(size);
    [this.order, this.queueNumber, this.tokenPosition, this.shownPosition] = [whole(), whole(), whole(), whole()];
    [this.activatedIn, this.endedIn] = [whole(), whole()];
    [this.arrivedAt, this.issuedAt, this.expiresAt, this.leaseUntil] = [instants(), instants(), instants(), instants()];
    [this.seenAt, this.toldActiveAt, this.activatedAt] = [instants(), instants(), instants()];
    [this.firstEstimateAt, this.someEstimateAt] = [instants(), instants()];
    [this.firstEstimate, this.someEstimate] = [new Float32Array(size), new Float32Array(size)];
    this.ownerOf = new Int32Array(2 * size + 2);
  }

  /** The id of the place that this join would make. */
  drawTokenId(visitor: number): string {
    this.joins[visitor]! += 1;
    return anId(visitor * 256 + this.joins[visitor]!);
  }

  visitorOf(userId: string): number {
    return Number(userId.slice(1));
  }

  /** The visitor has a new place, and whatever was known of an earlier one is over. */
  begin(visitor: number, queueNumber: number, now: number): void {
    this.queueNumber[visitor] = queueNumber;
    this.seenAt[visitor] = now;
    this.expiresAt[visitor] = NaN;
    this.shownPosition[visitor] = 0;
    this.answers[visitor] = 0;
    this.end[visitor] = ends.NONE;
    this.activatedIn[visitor] = 0;
    this.endedIn[visitor] = 0;
    for (const column of [this.toldActiveAt, this.activatedAt, this.firstEstimateAt, this.someEstimateAt]) {
      column[visitor] = NaN;
    }
  }
}
