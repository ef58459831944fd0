import type { QueuePlace } from '../../gateway/src/admission/queue-place.js';
import type { Verdict } from '../../gateway/src/admission/verdict.js';
import { type Crowd, ends } from './crowd.js';
import type { Replica } from './replica.js';
import type { VirtualClock } from './virtual-clock.js';
import { secondsOf, type Violations } from './violations.js';

/** A replica that heard something within this time is not stale (15 s), whatever its clock says. */
const SURELY_FRESH_MS = 10_000;

/** Every so many-th answer is asked of all replicas with the same snapshot. */
const COMPARED = 16;

/** Listens to every verdict and every answer: I3 to I8, from what the visitor was told before and what the rows said. */
export class AnswerReferee {
  verdicts = 0;
  compared = 0;
  /** Told ACTIVE before, and WAITING by a replica whose snapshot is older. */
  calledBack = 0;
  /** Shown a higher position with the fresh token of another join. */
  roseWithNewToken = 0;

  constructor(
    private readonly crowd: Crowd,
    private readonly clock: VirtualClock,
    private readonly violations: Violations,
    private readonly replicas: readonly Replica[],
    /** Length of a pass, and of a waiting token, ms. */
    private readonly ttlMs: number,
    /**
     * No replica's clock is further behind the database's, ms. One that catches up after a stall takes a snapshot of more
     * than five seconds ago for a clock set back, until the next one comes.
     */
    private readonly lagMs: number,
  ) {}

  /** `silent`: the visitor did not come when asked to. */
  judged(visitor: number, replica: Replica, verdict: Verdict, payLateMs: number, silent: boolean): void {
    this.verdicts += 1;
    if (this.crowd.end[visitor] !== ends.NONE) this.judgeEnded(visitor, replica, verdict);
    else if (verdict.status === 'ACTIVE') this.judgeActive(visitor, verdict.activeUntil, payLateMs);
    else if (verdict.status === 'WAITING') this.judgeWaiting(visitor, replica);
    else if (verdict.status === 'EXPIRED') this.judgeExpired(visitor, replica, verdict.reason, payLateMs, silent);
    else this.violations.add('I4', `the token is called INVALID (${verdict.reason})`, visitor);
    if (this.verdicts % COMPARED === 0) this.compare(visitor, replica, verdict, payLateMs);
  }

  /** `fresh`: with the token of another join, which remembers no position. */
  shown(visitor: number, place: QueuePlace, { fresh, renewable }: { fresh: boolean; renewable: boolean }): void {
    const { crowd, violations } = this;
    if (place.status === 'ACTIVE') {
      if (place.position !== 0) violations.add('I5', `position ${place.position} is shown to an ACTIVE one`, visitor);
      return;
    }
    const last = crowd.shownPosition[visitor]!;
    const position = place.position ?? last;
    if (position === 0) violations.add('I5', 'position 0 is shown to one who waits', visitor);
    if (last > 0 && position > last) {
      if (fresh) this.roseWithNewToken += 1;
      else violations.add('I5', `position ${position} is shown after ${last}`, visitor);
    }
    crowd.shownPosition[visitor] = position;
    if (crowd.expiresAt[visitor]! > crowd.leaseUntil[visitor]!) {
      violations.add('I4', 'the token is good for longer than the place is kept', visitor);
    }
    const promised = crowd.expiresAt[visitor]! - this.clock.now;
    if (renewable && Number.isNaN(crowd.activatedAt[visitor]) && promised < this.ttlMs - this.lagMs) {
      violations.add('I4', `the renewed token is good for ${secondsOf(promised)} only`, visitor);
    }
  }

  private judgeEnded(visitor: number, replica: Replica, { status }: Verdict): void {
    if (status !== 'ACTIVE' && status !== 'WAITING') return;
    const { crowd, violations } = this;
    const shownIn = crowd.endedIn[visitor]!;
    const knows = replica.index === crowd.endedBy[visitor] || (shownIn > 0 && replica.version >= shownIn);
    const how = crowd.end[visitor] === ends.SPENT ? 'spent' : 'given up';
    if (knows) violations.add('I8', `the token is ${how}, and replica ${replica.index} calls it ${status}`, visitor);
  }

  private judgeActive(visitor: number, activeUntil: number, payLateMs: number): void {
    const { crowd, violations, clock } = this;
    const activatedAt = crowd.activatedAt[visitor]!;
    if (Number.isNaN(activatedAt)) return violations.add('I2', 'is told ACTIVE, and no tick let them in', visitor);
    const over = clock.now - (activatedAt + this.ttlMs);
    if (activeUntil !== activatedAt + this.ttlMs) {
      violations.add('I7', `the pass is told to last ${secondsOf(activeUntil - activatedAt)}`, visitor);
    } else if (over > payLateMs + this.lagMs) {
      violations.add('I7', `is told ACTIVE ${secondsOf(over)} after the end of the pass`, visitor);
    }
  }

  private judgeWaiting(visitor: number, replica: Replica): void {
    const { crowd, violations, clock } = this;
    const shownIn = crowd.activatedIn[visitor]!;
    if (shownIn > 0 && replica.version >= shownIn) {
      violations.add('I7', `is told WAITING by replica ${replica.index}, which knows of the pass`, visitor);
    }
    if (!Number.isNaN(crowd.toldActiveAt[visitor])) this.calledBack += 1;
    const silent = clock.now - crowd.seenAt[visitor]!;
    const fresh = clock.now - replica.receivedAt < SURELY_FRESH_MS;
    if (silent > this.ttlMs + this.lagMs && fresh) {
      violations.add('I3', `is told WAITING ${secondsOf(silent)} after the last answer`, visitor);
    }
  }

  private judgeExpired(visitor: number, replica: Replica, reason: string, payLateMs: number, silent: boolean): void {
    const { crowd, violations, clock } = this;
    const activatedAt = crowd.activatedAt[visitor]!;
    // One who was silent too long has lapsed for a replica that has not heard of the pass.
    const heard = reason !== 'LAPSED' || replica.version >= crowd.activatedIn[visitor]!;
    if (!Number.isNaN(activatedAt) && heard) {
      const left = activatedAt + this.ttlMs + payLateMs - clock.now;
      if (left > 0) violations.add('I7', `is told ${reason} ${secondsOf(left)} before the end of the pass`, visitor);
      return;
    }
    const left = crowd.expiresAt[visitor]! - clock.now;
    if (left <= 0) return;
    const what = `is told ${reason}, and the token is good for another ${secondsOf(left)}`;
    violations.add(silent ? 'I4' : 'I3', what, visitor);
  }

  private compare(visitor: number, replica: Replica, verdict: Verdict, payLateMs: number): void {
    const { crowd, clock } = this;
    // What a replica did itself it knows before the others, and near an end their clocks decide.
    if (crowd.end[visitor] !== ends.NONE || clock.now - replica.receivedAt > SURELY_FRESH_MS) return;
    const passEnd = crowd.activatedAt[visitor]! + this.ttlMs + payLateMs;
    for (const end of [crowd.expiresAt[visitor]!, passEnd]) if (Math.abs(clock.now - end) < 2 * this.lagMs) return;
    for (const other of this.replicas) {
      if (other === replica || other.version !== replica.version) continue;
      if (clock.now - other.receivedAt > SURELY_FRESH_MS) continue;
      this.compared += 1;
      const theirs = JSON.stringify(other.judge(visitor, payLateMs).verdict);
      const ours = JSON.stringify(verdict);
      const what = `replica ${replica.index} says ${ours}, replica ${other.index} ${theirs}, both by snapshot`;
      if (theirs !== ours) this.violations.add('I6', `${what} ${replica.version}`, visitor);
    }
  }
}
