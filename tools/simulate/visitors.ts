import { queue } from '#contracts';
import { concertId } from '../../services/queue/test/line.builders.js';
import type { QueuePlace } from '../../gateway/src/admission/queue-place.js';
import { type Agenda, STEP_MS } from './agenda.js';
import type { AnswerReferee } from './answer-referee.js';
import type { Chance } from './chance.js';
import { type Crowd, ends, stages } from './crowd.js';
import type { LineReferee } from './line-referee.js';
import type { Pattern } from './patterns.js';
import type { QueueService } from './queue-service.js';
import type { Replica } from './replica.js';
import type { VirtualClock } from './virtual-clock.js';

const MINUTE_MS = 60_000;
const PASS_MS = 10 * MINUTE_MS;
const PAY_LATE_MS = 5 * MINUTE_MS;
/** Longer than a lease, so that some come back after the line has passed them over. */
const SILENCE_MINUTES_MAX = 20;
/** From a visitor to the broker, on average; exponential. */
const LATENCY_MS = 80;
/** Most times that one visitor joins anew after losing the place or finding the room closed. */
const JOINS_MAX = 6;

export interface Scene {
  readonly crowd: Crowd;
  readonly clock: VirtualClock;
  readonly chance: Chance;
  readonly agenda: Agenda;
  readonly replicas: readonly Replica[];
  readonly answers: AnswerReferee;
  readonly line: LineReferee;
  readonly pattern: Pattern;
  readonly service: QueueService;
  readonly openedAt: number;
}

/** What visitors do when it is their time, and how they take what they are told. */
export class Visitors {
  /** Joins that the broker took. */
  accepted = 0;
  refused = 0;
  private readonly noShow: Uint8Array;
  /** At which answer the visitor falls silent, or leaves; 0: never. */
  private readonly silentAt: Uint8Array;
  private readonly leavesAt: Uint8Array;
  private readonly pays: Uint8Array;
  private readonly cameAt: Float64Array;
  private readonly acceptedAs: Int32Array;
  private readonly askedBy: Uint8Array;
  /** Whether the visitor's next visit is later than was asked for. */
  private readonly silent: Uint8Array;

  constructor(private readonly scene: Scene) {
    const { crowd, chance, pattern } = scene;
    const draw = (share: number, times: number) =>
      Uint8Array.from({ length: crowd.size }, () => (chance.fraction() < share ? 1 + chance.below(times) : 0));
    this.noShow = draw(pattern.noShows, 1);
    this.silentAt = draw(pattern.silent, 8);
    this.leavesAt = draw(pattern.leavers, 12);
    this.pays = draw(pattern.payers, 1);
    this.cameAt = new Float64Array(crowd.size);
    this.acceptedAs = new Int32Array(crowd.size);
    this.askedBy = new Uint8Array(crowd.size);
    this.silent = new Uint8Array(crowd.size);
  }

  /** The visitor asks for a place at that instant, and the broker has it a moment later. */
  comes(visitor: number, instant: number): void {
    this.cameAt[visitor] = instant;
    this.scene.crowd.stage[visitor] = stages.AWAY;
    this.at(visitor, instant - LATENCY_MS * Math.log(1 - this.scene.chance.fraction()));
  }

  /** Does what is due for the visitor. */
  async act(visitor: number): Promise<void> {
    const { crowd } = this.scene;
    if (crowd.stage[visitor] === stages.AWAY) this.join(visitor);
    else if (this.isTimeToLeave(visitor)) this.leave(visitor);
    else if (crowd.stage[visitor] === stages.ACTIVE && this.pays[visitor]) await this.pay(visitor);
    else await this.ask(visitor);
  }

  /** The queue service has given the place. */
  placed(visitor: number, place: queue.Place): void {
    const { crowd, line, clock } = this.scene;
    line.joined(visitor, place);
    if (!place.created) return;
    crowd.begin(visitor, place.queueNumber, clock.now);
    crowd.arrivedAt[visitor] = this.cameAt[visitor]!;
    crowd.order[visitor] = this.acceptedAs[visitor]!;
  }

  /** Its answer has come to the replica that was asked. */
  joined(visitor: number, place: queue.Place): void {
    const { crowd, answers, clock } = this.scene;
    const shown = this.any(this.askedBy[visitor]).showJoined(visitor, place);
    answers.shown(visitor, shown, { fresh: true, renewable: true });
    crowd.seenAt[visitor] = clock.now;
    if (this.noShow[visitor]) crowd.stage[visitor] = stages.WAITING;
    else this.take(visitor, shown);
  }

  joinRefused(visitor: number): void {
    this.refused += 1;
    this.joinLater(visitor, 30_000, 120_000);
  }

  private join(visitor: number): void {
    const { crowd, service, replicas, chance } = this.scene;
    this.askedBy[visitor] = chance.below(replicas.length);
    const payload = { concertId, userId: crowd.userIds[visitor]!, tokenId: crowd.drawTokenId(visitor) };
    if (!service.send(queue.joinQueue, payload)) return this.after(visitor, 2_000);
    this.accepted += 1;
    this.acceptedAs[visitor] = this.accepted;
    crowd.stage[visitor] = stages.JOINING;
  }

  /** Asks any replica where the place stands. */
  private async ask(visitor: number): Promise<void> {
    const { crowd, answers, clock } = this.scene;
    const replica = this.any();
    const judged = replica.judge(visitor);
    answers.judged(visitor, replica, judged.verdict, 0, this.silent[visitor] === 1);
    this.silent[visitor] = 0;
    const { status } = judged.verdict;
    if (status !== 'ACTIVE' && status !== 'WAITING') return this.takeEnd(visitor);
    const place = await replica.show(visitor, judged);
    if (crowd.end[visitor] !== ends.NONE) return this.after(visitor, 5_000);
    answers.shown(visitor, place, { fresh: false, renewable: this.scene.service.takes });
    crowd.seenAt[visitor] = clock.now;
    this.take(visitor, place);
  }

  /** Pays, now or after the pass; then tries the spent token again. */
  private async pay(visitor: number): Promise<void> {
    const { answers } = this.scene;
    const replica = this.any();
    const { verdict } = replica.judge(visitor, PAY_LATE_MS);
    answers.judged(visitor, replica, verdict, PAY_LATE_MS, false);
    if (verdict.status === 'WAITING') return this.after(visitor, 2_000);
    if (verdict.status !== 'ACTIVE') return this.takeEnd(visitor);
    this.finish(visitor, replica, 'SPENT');
  }

  private isTimeToLeave(visitor: number): boolean {
    const { crowd } = this.scene;
    return (
      this.leavesAt[visitor]! > 0 &&
      crowd.end[visitor] === ends.NONE &&
      crowd.answers[visitor]! >= this.leavesAt[visitor]!
    );
  }

  private leave(visitor: number): void {
    const replica = this.any();
    const { verdict } = replica.judge(visitor);
    this.scene.answers.judged(visitor, replica, verdict, 0, this.silent[visitor] === 1);
    if (verdict.status !== 'ACTIVE' && verdict.status !== 'WAITING') return this.takeEnd(visitor);
    this.finish(visitor, replica, 'LEFT');
  }

  private finish(visitor: number, replica: Replica, how: 'SPENT' | 'LEFT'): void {
    const { crowd, chance } = this.scene;
    if (!replica.finish(visitor, how)) return this.after(visitor, 2_000);
    crowd.end[visitor] = ends[how];
    crowd.endedBy[visitor] = replica.index;
    crowd.stage[visitor] = stages.OVER;
    this.pays[visitor] = 0;
    this.after(visitor, chance.between(0, 8_000));
  }

  private take(visitor: number, place: QueuePlace): void {
    const { crowd, chance } = this.scene;
    crowd.answers[visitor]! += 1;
    if (place.status === 'ACTIVE') return this.takePass(visitor);
    crowd.stage[visitor] = stages.WAITING;
    this.noteEstimate(visitor, place.estimatedWaitSeconds);
    if (crowd.answers[visitor] === this.silentAt[visitor]) {
      this.silent[visitor] = 1;
      return this.after(visitor, chance.between(1, SILENCE_MINUTES_MAX) * MINUTE_MS);
    }
    // A second window: the same place, with a fresh token.
    if (chance.below(256) === 0 && crowd.joins[visitor]! < JOINS_MAX) crowd.stage[visitor] = stages.AWAY;
    this.after(visitor, place.pollAfterSeconds * 1_000 + chance.between(0, 300));
  }

  private takePass(visitor: number): void {
    const { crowd, chance, clock } = this.scene;
    const first = Number.isNaN(crowd.toldActiveAt[visitor]);
    if (first) crowd.toldActiveAt[visitor] = clock.now;
    crowd.stage[visitor] = stages.ACTIVE;
    const activatedAt = crowd.activatedAt[visitor]!;
    const passEnd = (Number.isNaN(activatedAt) ? clock.now : activatedAt) + PASS_MS;
    const late = chance.below(5) === 0;
    // Whoever does not pay looks once in the pass, and once when it is over.
    if (!first) return this.at(visitor, passEnd + chance.between(-30_000, 30_000));
    if (late && this.pays[visitor]) return this.at(visitor, passEnd + chance.between(0, PAY_LATE_MS));
    this.at(visitor, clock.now + chance.between(0, PASS_MS - MINUTE_MS));
  }

  /** The place is over, and so is the visit, or it begins anew. */
  private takeEnd(visitor: number): void {
    this.scene.crowd.stage[visitor] = stages.OVER;
    if (this.scene.chance.below(4) === 0) this.joinLater(visitor, 1_000, 60_000);
  }

  private joinLater(visitor: number, least: number, most: number): void {
    const { crowd, chance, clock } = this.scene;
    if (crowd.joins[visitor]! >= JOINS_MAX) {
      crowd.stage[visitor] = stages.OVER;
      return;
    }
    this.comes(visitor, clock.now + chance.between(least, most));
  }

  /** Of all estimates that a visitor is shown, the first and any one. */
  private noteEstimate(visitor: number, seconds: number | null): void {
    const { crowd, chance, clock } = this.scene;
    if (seconds === null) return;
    if (Number.isNaN(crowd.firstEstimateAt[visitor])) {
      crowd.firstEstimate[visitor] = seconds;
      crowd.firstEstimateAt[visitor] = clock.now;
    }
    if (chance.below(crowd.answers[visitor]!) > 0) return;
    crowd.someEstimate[visitor] = seconds;
    crowd.someEstimateAt[visitor] = clock.now;
  }

  private any(index = this.scene.chance.below(this.scene.replicas.length)): Replica {
    return this.scene.replicas[index]!;
  }

  private after(visitor: number, ms: number): void {
    this.at(visitor, this.scene.clock.now + ms);
  }

  private at(visitor: number, instant: number): void {
    const { agenda, clock, openedAt } = this.scene;
    agenda.add(visitor, Math.floor((Math.max(instant, clock.now) - openedAt) / STEP_MS) + 1);
  }
}
