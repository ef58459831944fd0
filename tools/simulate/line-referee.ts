import { isDeepStrictEqual } from 'node:util';
import type { queue } from '#contracts';
import type { LineFacts } from '../../services/queue/src/domain/snapshot.js';
import { statusCodes } from '../../services/queue/test/place-table.js';
import { type Crowd, ends } from './crowd.js';
import type { Circumstances } from './patterns.js';
import type { Handled, QueueService } from './queue-service.js';
import type { VirtualClock } from './virtual-clock.js';
import { secondsOf, type Violations } from './violations.js';

const { WAITING, ACTIVE } = statusCodes;

/** What an operator has set for the room, as the simulation knows it. */
export interface RoomSettings {
  readonly mode: Circumstances['mode'];
  readonly batch: number;
  readonly maxActive: number | null;
}

/** Looks at the rows after every batch, and at every purge: I1, I2, I4, and I9 to I12, from the rows and the promises alone. */
export class LineReferee {
  /** Ticks that were handled, and how many of them let somebody in. */
  ticks = 0;
  advances = 0;
  private lastTickAt: number;
  /** Nobody need be judged dead before: the room stood still until eleven minutes earlier. */
  private graceUntil = -Infinity;
  private served = 0;
  private readonly recent: { readonly at: number; readonly count: number; readonly batch: number }[] = [];

  constructor(
    private readonly service: QueueService,
    private readonly crowd: Crowd,
    private readonly clock: VirtualClock,
    private readonly violations: Violations,
  ) {
    this.lastTickAt = clock.now;
  }

  /** A place was given, or given again. */
  joined(visitor: number, { queueNumber, created }: queue.Place): void {
    const { crowd, violations } = this;
    if (!created) {
      if (crowd.queueNumber[visitor] !== queueNumber) {
        violations.add('I10', `was given the place with number ${queueNumber}, which is not this visitor's`, visitor);
      }
      return;
    }
    const before = crowd.queueNumber[visitor]!;
    if (before > 0 && this.isPromised(visitor)) {
      violations.add('I10', `was given number ${queueNumber} while the place with number ${before} lives`, visitor);
    }
    const owner = crowd.ownerOf[queueNumber]! - 1;
    if (owner >= 0) {
      violations.add('I11', `was given number ${queueNumber}, which is that of ${crowd.userIds[owner]}`, visitor);
    }
    crowd.ownerOf[queueNumber] = visitor + 1;
  }

  /** After each batch. `wasTick`: the tick's number before it. */
  handled({ commands, snapshots }: Handled, wasTick: number, set: RoomSettings): void {
    const { room } = this.service.tables;
    this.noticeOutage();
    const shownIn = snapshots.length > 0 ? room.version : room.version + 1;
    this.noteEnds(commands, shownIn);
    if (room.tickNumber === wasTick) {
      if (room.servingNumber !== this.served) this.violations.add('I12', 'the line moved without a tick');
      return;
    }
    this.ticks += 1;
    this.lastTickAt = this.clock.now;
    const { activated, highest, running } = this.lookThrough(shownIn);
    if (activated > 0) this.judgeTick(activated, running, set);
    if (room.servingNumber > this.served && set.mode === 'PAUSED') {
      this.violations.add('I12', `a tick moved the line to number ${room.servingNumber} while it is paused`);
    }
    this.judgePassedOver(highest);
    this.served = room.servingNumber;
  }

  /** What the room shows must be the same before a purge and after it. */
  purged(before: LineFacts): void {
    if (!isDeepStrictEqual(this.service.factsAt(this.clock.now), before)) {
      this.violations.add('I9', 'a purge changed what snapshots tell');
    }
  }

  /** Whether the visitor may count on the place: a token that is still good, or a pass that runs. */
  private isPromised(visitor: number): boolean {
    const { crowd } = this;
    if (crowd.end[visitor] !== ends.NONE) return false;
    const activatedAt = crowd.activatedAt[visitor]!;
    if (!Number.isNaN(activatedAt)) return this.clock.now < activatedAt + this.service.rules.tokenTtlMs;
    return this.clock.now < crowd.expiresAt[visitor]!;
  }

  private noticeOutage(): void {
    const { rules, tables } = this.service;
    const silent = this.clock.now - this.lastTickAt;
    if (silent > Math.max(3 * tables.room.tickMs, 1_000)) this.graceUntil = this.clock.now + 1.1 * rules.tokenTtlMs;
  }

  /** From which snapshot on every replica knows who spent and who left. */
  private noteEnds(commands: Handled['commands'], shownIn: number): void {
    for (const { type, payload } of commands) {
      if (type !== 'queue.ExpireToken.v1' && type !== 'queue.LeaveQueue.v1') continue;
      const owner = this.crowd.ownerOf[payload.queueNumber]! - 1;
      // Whoever joined anew in the same batch has another place by now, and that one has not ended.
      if (owner >= 0 && this.crowd.queueNumber[owner] === payload.queueNumber) this.crowd.endedIn[owner] = shownIn;
    }
  }

  /** All rows after a tick: who was let in, and whether anybody still waits whom the line has passed. */
  private lookThrough(shownIn: number) {
    const { room, table } = this.service.tables;
    const { status, queueNumber, activatedAt, activeUntil } = table.columns;
    const now = this.clock.now;
    let [activated, highest, running] = [0, 0, 0];
    for (let row = 0; row < table.rows; row += 1) {
      const number = queueNumber[row]!;
      if (status[row] === WAITING && number <= room.servingNumber) {
        this.violations.add('I2', `number ${number} waits, and the line has passed it`, this.ownerOf(number));
      }
      if (status[row] === ACTIVE && activeUntil[row]! > now) running += 1;
      if (activatedAt[row] !== now) continue;
      activated += 1;
      highest = Math.max(highest, number);
      this.letIn(this.ownerOf(number), shownIn);
    }
    return { activated, highest, running };
  }

  private letIn(visitor: number, shownIn: number): void {
    const { crowd, violations, clock } = this;
    if (crowd.queueNumber[visitor]! > this.service.tables.room.servingNumber) {
      violations.add('I2', 'was let in, and the line has not come so far', visitor);
    }
    if (!Number.isNaN(crowd.activatedAt[visitor])) violations.add('I2', 'was let in twice', visitor);
    crowd.activatedAt[visitor] = clock.now;
    crowd.activatedIn[visitor] = shownIn;
    const silent = clock.now - crowd.seenAt[visitor]!;
    // A lease is half as long again as a token, and renewals may be ten seconds ahead.
    if (silent > 1.5 * this.service.rules.tokenTtlMs + 10_000 && clock.now > this.graceUntil) {
      violations.add('I3', `was let in, ${secondsOf(silent)} after the last answer`, visitor);
    }
  }

  private judgeTick(activated: number, running: number, { mode, batch, maxActive }: RoomSettings): void {
    const { recent, violations, clock } = this;
    this.advances += 1;
    recent.push({ at: clock.now, count: activated, batch });
    while (recent[0]!.at <= clock.now - this.service.tables.room.tickMs) recent.shift();
    const count = recent.reduce((sum, tick) => sum + tick.count, 0);
    const most = Math.max(...recent.map((tick) => tick.batch));
    if (count > most) violations.add('I1', `${count} were let in within one interval, and the batch is ${most}`);
    if (maxActive !== null && running > maxActive) {
      violations.add('I1', `${running} passes run after a tick, and the cap is ${maxActive}`);
    }
    if (mode === 'PAUSED') violations.add('I12', `a tick let ${activated} in while the line is paused`);
  }

  /** Nobody whose token is good is passed over; `highest`: the highest number that was let in. */
  private judgePassedOver(highest: number): void {
    const { crowd, violations, clock } = this;
    const { room, table } = this.service.tables;
    for (let number = this.served + 1; number <= room.servingNumber; number += 1) {
      const visitor = this.ownerOf(number);
      if (visitor < 0 || crowd.queueNumber[visitor] !== number || crowd.activatedAt[visitor] === clock.now) continue;
      if (crowd.end[visitor] !== ends.NONE || crowd.expiresAt[visitor]! <= clock.now) continue;
      const row = table.firstRowFrom(room.generation, number);
      const lives = table.columns.queueNumber[row] === number && table.columns.leaseUntil[row]! > clock.now;
      const until = secondsOf(crowd.expiresAt[visitor]! - clock.now);
      if (lives && number < highest) violations.add('I2', `was passed over by number ${highest}, alive`, visitor);
      else violations.add('I4', `was passed over, and the token is good for another ${until}`, visitor);
    }
  }

  private ownerOf(queueNumber: number): number {
    return this.crowd.ownerOf[queueNumber]! - 1;
  }
}
