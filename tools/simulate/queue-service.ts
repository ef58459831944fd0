import type { MessageContract, PayloadOf, queue } from '#contracts';
import type { Decision, Outgoing, Timer, Transaction } from '#messaging';
import { rulesFrom } from '../../services/queue/src/config.js';
import { heldBackUntil } from '../../services/queue/src/domain/publishing.js';
import { buildSnapshot, type LineFacts } from '../../services/queue/src/domain/snapshot.js';
import { openRoom } from '../../services/queue/src/domain/waiting-room.js';
import type { QueueCommand } from '../../services/queue/src/messages/accepted.js';
import { PurgeTimer } from '../../services/queue/src/messages/purge.timer.js';
import { SnapshotTimer } from '../../services/queue/src/messages/snapshot.timer.js';
import { TickTimer } from '../../services/queue/src/messages/tick.timer.js';
import { tickLostMs, type TimerStore } from '../../services/queue/src/postgres/timer.store.js';
import { aMessage, concertId, CountedSeeds, settings } from '../../services/queue/test/line.builders.js';
import { MemoryTables, type Method } from '../../services/queue/test/memory-tables.js';
import type { Chance } from './chance.js';
import type { Circumstances } from './patterns.js';
import type { Broker } from './replica.js';

/** As the engine takes them from a partition. */
const BATCH_MAX = 500;

interface Alarm {
  readonly timer: Timer;
  nextAt: number;
}

/** One batch, as it was handled. */
export interface Handled {
  readonly commands: readonly QueueCommand[];
  readonly decisions: readonly Decision[];
  readonly snapshots: Awaited<ReturnType<MemoryTables['handle']>>['snapshots'];
}

/** The concert's partition of `queue.commands`, its handler on tables in memory, and the processes that run the timers. */
export class QueueService implements Broker {
  /** Whether the broker takes anything. */
  takes = true;
  readonly rules;
  readonly tables: MemoryTables;
  private log: QueueCommand[] = [];
  private handled = 0;
  private onTheWay: { readonly at: number; readonly outgoing: Outgoing }[] = [];
  private readonly schedulers: readonly (readonly Alarm[])[];
  private purgedAt: number;
  private tickSentAt = -Infinity;

  constructor(
    options: { batch: number; tickMs: number; maxActive: number | null; schedulers: number },
    private readonly chance: Chance,
    openedAt: number,
  ) {
    const set = {
      ...settings,
      QUEUE_TICK_MS: options.tickMs,
      QUEUE_ACTIVATION_BATCH: options.batch,
      QUEUE_MAX_ACTIVE: options.maxActive,
    };
    this.rules = rulesFrom(set);
    const opened = new Date(openedAt);
    const seeds = new CountedSeeds();
    const room = { ...openRoom(concertId, null, seeds.next(), opened, this.rules), version: 1, snapshotAt: opened };
    this.tables = new MemoryTables(room, set, seeds, async (name, at) => this.wake(name, at.getTime()));
    this.purgedAt = openedAt;
    const store = this.timerStore();
    this.schedulers = Array.from({ length: options.schedulers }, () =>
      [new TickTimer(store), new SnapshotTimer(store), new PurgeTimer(store, set)].map((timer) => ({
        timer,
        nextAt: openedAt,
      })),
    );
  }

  get idle(): boolean {
    return this.handled === this.log.length;
  }

  send<C extends MessageContract>(contract: C, payload: PayloadOf<C>): boolean {
    if (this.takes) this.log.push(aMessage(contract, payload) as QueueCommand);
    return this.takes;
  }

  /** Timers that are due look, each in its own process; what they send is on its way for a moment, or longer. */
  async runSchedulers(now: number, how: Circumstances['schedulers']): Promise<void> {
    for (const alarm of how === 'away' ? [] : this.schedulers.flat()) {
      if (alarm.nextAt > now) continue;
      const { send, nextAt } = await alarm.timer.find({ now: new Date(now) } as Transaction);
      alarm.nextAt = nextAt.getTime();
      for (const outgoing of send) this.post(outgoing, now, how);
    }
    if (this.onTheWay.length === 0) return;
    this.onTheWay = this.onTheWay.filter(
      ({ at, outgoing }) => at > now || !this.send(outgoing.contract, outgoing.payload as never),
    );
  }

  /** The snapshot of the empty room, as its opening sends it. */
  openingSnapshot(now: number): queue.QueueSnapshot {
    return buildSnapshot(this.tables.room, this.factsAt(now), new Date(now), this.rules);
  }

  /** What snapshots tell of the line. */
  factsAt(now: number): LineFacts {
    return this.tables.factsAt(new Date(now), this.rules);
  }

  /** The next batch; a purge, or an operator's command, alone, so that what it changes can be seen. Null: there is none. */
  async consume(now: number, onPurge: (before: LineFacts) => void): Promise<Handled | null> {
    if (this.idle) return null;
    const commands = this.log.slice(this.handled, this.handled + BATCH_MAX);
    const alone = commands.findIndex(
      ({ type }) => type === 'queue.PurgePlaces.v1' || type === 'queue.ChangeControls.v1',
    );
    if (alone >= 0) commands.length = Math.max(1, alone);
    this.handled += commands.length;
    if (this.handled > 100 * BATCH_MAX) {
      this.log = this.log.slice(this.handled);
      this.handled = 0;
    }
    const before = commands[0]!.type === 'queue.PurgePlaces.v1' ? await this.beforePurge(now) : null;
    const { decisions, snapshots } = await this.tables.handle(commands, new Date(now));
    if (before) onPurge(before);
    for (const { send = [] } of decisions) for (const outgoing of send) this.post(outgoing, now, 'working');
    return { commands, decisions, snapshots };
  }

  /** Looking at the room may notice an outage, which snapshots show: that is no purge's doing. */
  private async beforePurge(now: number): Promise<LineFacts> {
    await this.tables.handle([], new Date(now));
    return this.factsAt(now);
  }

  private post(outgoing: Outgoing, now: number, how: Circumstances['schedulers']): void {
    const soon = now + this.chance.between(0, 150);
    const late = how === 'late' ? this.chance.between(0, 3 * this.tables.room.tickMs) : 0;
    this.onTheWay.push({ at: soon + late, outgoing });
    // The inbox ends copies; this is another scheduler that does not know of the first.
    if (how === 'doubled') this.post(outgoing, now + this.chance.between(0, this.tables.room.tickMs), 'working');
  }

  private wake(name: string, at: number): void {
    for (const alarm of this.schedulers.flat())
      if (alarm.timer.name === name) alarm.nextAt = Math.min(alarm.nextAt, at);
  }

  private timerStore(): TimerStore {
    const sent = () => this.tables.room.tickSentFor?.getTime() === this.tables.room.nextTickAt.getTime();
    const heldBack = () => heldBackUntil([this.tables.room]);
    const store: Method<TimerStore> = {
      claimTicks: async ({ now }) => {
        const mayComeYet = sent() && now.getTime() - this.tickSentAt < tickLostMs;
        if (mayComeYet || this.tables.room.nextTickAt > now) return [];
        this.tickSentAt = now.getTime();
        this.tables.room.tickSentFor = this.tables.room.nextTickAt;
        return [concertId];
      },
      nextTick: async () => (sent() ? null : this.tables.room.nextTickAt),
      claimSnapshots: async ({ now }) => {
        const due = heldBack();
        if (!due || due > now) return [];
        this.tables.room.snapshotDue = false;
        return [concertId];
      },
      nextSnapshot: async () => heldBack(),
      claimPurges: async (purgedBefore, { now }) => {
        if (this.purgedAt > purgedBefore.getTime()) return [];
        this.purgedAt = now.getTime();
        return [{ concertId, hasPlaces: this.tables.table.rows > 0 }];
      },
    };
    return store as TimerStore;
  }
}
