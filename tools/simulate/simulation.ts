import { isDeepStrictEqual } from 'node:util';
import { queue } from '#contracts';
import { concertId } from '../../services/queue/test/line.builders.js';
import { Agenda, STEP_MS } from './agenda.js';
import { AnswerReferee } from './answer-referee.js';
import { Chance } from './chance.js';
import { Crowd } from './crowd.js';
import { type Figures, figuresOf } from './figures.js';
import { LineReferee, type RoomSettings } from './line-referee.js';
import type { SimulationOptions } from './options.js';
import { type Circumstances, circumstancesAt, type Pattern, patterns } from './patterns.js';
import { type Handled, QueueService } from './queue-service.js';
import { Replica, TokensInHand } from './replica.js';
import { type Violation, Violations } from './violations.js';
import { VirtualClock } from './virtual-clock.js';
import { Visitors } from './visitors.js';

/** Batches of 500 that the service handles in a step: 20,000 commands a second. */
const BATCHES_A_STEP = 2;

/** A line that has not ended by then never will. */
const LONGEST_MS = 30 * 24 * 3_600_000;

export interface SimulationReport extends Figures {
  readonly options: SimulationOptions;
  readonly violations: readonly Violation[];
  /** How often something was looked at. */
  readonly looks: { readonly ticks: number; readonly verdicts: number; readonly compared: number };
  readonly refusedJoins: number;
  /** Told ACTIVE, and then WAITING by a replica that is behind; shown a higher position after another join. */
  readonly calledBack: number;
  readonly roseWithNewToken: number;
  readonly snapshots: number;
  readonly largestSnapshotBytes: number;
  readonly virtualSeconds: number;
}

interface Delivery {
  readonly at: number;
  readonly snapshot: queue.QueueSnapshot;
}

/** One line from its opening until nobody means to come any more. */
export class Simulation {
  private readonly clock = new VirtualClock();
  private readonly openedAt = this.clock.now;
  private readonly chance: Chance;
  private readonly pattern: Pattern;
  private readonly crowd: Crowd;
  private readonly agenda: Agenda;
  private readonly service: QueueService;
  private readonly replicas: readonly Replica[];
  private readonly deliveries: readonly Delivery[][];
  private readonly violations: Violations;
  private readonly line: LineReferee;
  private readonly answers: AnswerReferee;
  private readonly visitors: Visitors;
  private readonly opening: queue.QueueSnapshot;
  private circumstances: Circumstances;
  /** What operators have sent, and what of it the service has handled. */
  private sent: RoomSettings;
  private set: RoomSettings;
  private snapshots = 0;
  private largestSnapshotBytes = 0;

  constructor(private readonly options: SimulationOptions) {
    const { visitors, batch, tickSeconds, maxActive, gateways, schedulers, noShows } = options;
    const { clock, openedAt } = this;
    this.pattern = { ...patterns[options.pattern], ...(noShows !== null && { noShows }) };
    const chance = (this.chance = new Chance(options.seed));
    const crowd = (this.crowd = new Crowd(visitors));
    const agenda = (this.agenda = new Agenda(visitors));
    const room = { batch, tickMs: tickSeconds * 1_000, maxActive, schedulers };
    const service = (this.service = new QueueService(room, chance, openedAt));
    this.opening = service.openingSnapshot(openedAt);
    const tokens = new TokensInHand(crowd);
    const process = () => ({
      startedAt: openedAt - chance.between(0, 1e7),
      drift: chance.between(-0.0005, 0.0005),
    });
    const replicas = (this.replicas = Array.from(
      { length: gateways },
      (_, index) => new Replica(index, clock, process(), tokens, service),
    ));
    this.deliveries = replicas.map(() => []);
    this.violations = new Violations(clock, crowd);
    const line = (this.line = new LineReferee(service, crowd, clock, this.violations));
    const { tokenTtlMs } = service.rules;
    const answers = (this.answers = new AnswerReferee(
      crowd,
      clock,
      this.violations,
      replicas,
      tokenTtlMs,
      room.tickMs + 5_000,
    ));
    const { pattern } = this;
    const scene = { crowd, clock, chance, agenda, replicas, answers, line, pattern, service, openedAt };
    this.visitors = new Visitors(scene);
    this.circumstances = circumstancesAt(pattern, 0, this.lineSeconds);
    this.sent = this.set = { mode: 'OPEN', batch, maxActive };
  }

  run(): Promise<SimulationReport> {
    return this.clock.during(this.chance, async () => {
      for (const replica of this.replicas) replica.receive(this.opening);
      this.sendEverybody();
      try {
        for (let step = 1; this.goesOn(); step += 1) await this.step(step);
      } catch (fault) {
        this.violations.add('FAULT', fault instanceof Error ? fault.stack! : String(fault));
      }
      return this.report();
    });
  }

  /** What the line takes when every tick lets in a full batch. */
  private get lineSeconds(): number {
    return Math.ceil(this.options.visitors / this.options.batch) * this.options.tickSeconds;
  }

  private goesOn(): boolean {
    if (this.clock.now - this.openedAt > LONGEST_MS) throw new Error('the line does not end');
    return !this.violations.enough && (this.agenda.pending > 0 || !this.service.idle);
  }

  /** At the opening: nine in ten within ten seconds, the others while the first half of the line is let in. */
  private sendEverybody(): void {
    const { chance, options, pattern, lineSeconds, openedAt } = this;
    let at = openedAt;
    for (let visitor = 0; visitor < options.visitors; visitor += 1) {
      if (pattern.arrivals === 'steadily') {
        at += ((lineSeconds * 1_000) / options.visitors) * -Math.log(1 - chance.fraction());
      } else {
        const within = chance.below(10) > 0 ? 10 : Math.max(10, lineSeconds / 2);
        at = openedAt + chance.between(0, within * 1_000);
      }
      this.visitors.comes(visitor, at);
    }
  }

  private async step(step: number): Promise<void> {
    const { clock, service, openedAt } = this;
    clock.now = openedAt + step * STEP_MS + this.chance.below(STEP_MS);
    this.circumstances = circumstancesAt(this.pattern, (step * STEP_MS) / 1_000, this.lineSeconds);
    service.takes = this.circumstances.broker === 'working';
    this.setRoom();
    await service.runSchedulers(clock.now, this.circumstances.schedulers);
    if (this.circumstances.service === 'working') {
      for (let batch = 0; batch < BATCHES_A_STEP && !service.idle; batch += 1) await this.handleBatch();
    }
    this.deliver();
    for (const visitor of this.agenda.take(step)) await this.visitors.act(visitor);
  }

  /** What operators want just now is sent until the broker takes it. */
  private setRoom(): void {
    const { mode, batchTimes, capInBatches } = this.circumstances;
    const batch = Math.max(1, Math.floor(this.options.batch * batchTimes));
    const maxActive = capInBatches === null ? this.options.maxActive : this.options.batch * capInBatches;
    const wanted = { mode, batch, maxActive };
    if (isDeepStrictEqual(wanted, this.sent)) return;
    const controls = { mode, activationBatch: batch, maxActive };
    const why = { operator: 'operator', reason: 'as the pattern has it' };
    if (this.service.send(queue.changeControls, { concertId, ...controls, ...why })) this.sent = wanted;
  }

  private async handleBatch(): Promise<void> {
    const { service, line } = this;
    const wasTick = service.tables.room.tickNumber;
    const handled = await service.consume(this.clock.now, (before) => line.purged(before));
    if (!handled) return;
    this.forJoins(handled, (visitor, place) => this.visitors.placed(visitor, place));
    for (const { type, payload } of handled.commands) {
      if (type !== 'queue.ChangeControls.v1') continue;
      this.set = { mode: payload.mode!, batch: payload.activationBatch!, maxActive: payload.maxActive! };
    }
    line.handled(handled, wasTick, this.set);
    for (const snapshot of handled.snapshots) this.publish(snapshot);
    this.forJoins(
      handled,
      (visitor, place) => this.visitors.joined(visitor, place),
      (visitor) => this.visitors.joinRefused(visitor),
    );
  }

  private forJoins(
    { commands, decisions }: Handled,
    given: (visitor: number, place: queue.Place) => void,
    refused?: (visitor: number) => void,
  ): void {
    commands.forEach(({ type, payload }, index) => {
      if (type !== 'queue.JoinQueue.v1') return;
      const { outcome } = decisions[index]!;
      const visitor = this.crowd.visitorOf(payload.userId);
      if (outcome.kind === 'answered') given(visitor, outcome.body as unknown as queue.Place);
      else refused?.(visitor);
    });
  }

  /** Each replica reads the topic at its own pace: the first within a twentieth of a second, the last within four. */
  private publish(snapshot: queue.QueueSnapshot): void {
    const value = JSON.stringify(snapshot);
    const read = queue.snapshot.payload.parse(JSON.parse(value));
    this.snapshots += 1;
    this.largestSnapshotBytes = Math.max(this.largestSnapshotBytes, Buffer.byteLength(value));
    this.deliveries.forEach((queued, replica) => {
      const slowest = 50 + (3_950 * replica) / Math.max(1, this.replicas.length - 1);
      const at = Math.max(this.clock.now + this.chance.between(0, slowest), queued.at(-1)?.at ?? 0);
      queued.push({ at, snapshot: read });
    });
  }

  private deliver(): void {
    this.deliveries.forEach((queued, index) => {
      const isLast = index === this.replicas.length - 1;
      if (isLast && this.circumstances.lastReplica === 'stalled') return;
      while (queued.length > 0 && queued[0]!.at <= this.clock.now) {
        const { snapshot } = queued.shift()!;
        this.replicas[index]!.receive(snapshot);
        // Once more from the topic's beginning.
        if (this.chance.below(50) === 0) this.replicas[index]!.receive(this.opening);
      }
    });
  }

  private report(): SimulationReport {
    const { line, answers, visitors, snapshots, largestSnapshotBytes } = this;
    return {
      options: this.options,
      violations: this.violations.found,
      looks: { ticks: line.ticks, verdicts: answers.verdicts, compared: answers.compared },
      refusedJoins: visitors.refused,
      calledBack: answers.calledBack,
      roseWithNewToken: answers.roseWithNewToken,
      snapshots,
      largestSnapshotBytes,
      virtualSeconds: Math.round((this.clock.now - this.openedAt) / 1_000),
      ...figuresOf(this.crowd, this.options.tickSeconds * 1_000),
    };
  }
}
