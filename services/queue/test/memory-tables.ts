import { queue } from '#contracts';
import type { Decision, Transaction } from '#messaging';
import type { QueueSettings } from '../src/config.js';
import type { Advance, Front, Waiting } from '../src/domain/line.js';
import type { Place } from '../src/domain/place.js';
import { type PurgeablePlace, purgePage } from '../src/domain/purge.js';
import { after, keptMs, type QueueRules } from '../src/domain/rules.js';
import { bucketCount, bucketSize, type ClassFacts, type KeptTick, type LineFacts } from '../src/domain/snapshot.js';
import { mostPassedOver } from '../src/domain/tick.js';
import {
  awaitsDraw,
  classesOf,
  copyOf,
  deadLineOf,
  type Numbers,
  type WaitingRoom,
} from '../src/domain/waiting-room.js';
import type { QueueCommand } from '../src/messages/accepted.js';
import { LineLoader } from '../src/messages/line-loader.js';
import { QueueCommandsHandler } from '../src/messages/queue-commands.handler.js';
import type { PlaceStore } from '../src/postgres/place.store.js';
import type { PurgeStore } from '../src/postgres/purge.store.js';
import type { SnapshotStore } from '../src/postgres/snapshot.store.js';
import type { Look, TickStore } from '../src/postgres/tick.store.js';
import type { WaitingRoomStore } from '../src/postgres/waiting-room.store.js';
import { anId, CountedSeeds, sortedOut } from './line.builders.js';
import { PlaceTable, statusCodes } from './place-table.js';

/** What a store of the service offers to its callers, without its private parts. */
export type Method<Store> = { [Name in keyof Store]: Store[Name] };

const { PURGED, WAITING, ACTIVE, SPENT, LEFT, EXPIRED } = statusCodes;

/**
 * The tables of one concert in memory, with what the SQL of the stores says in plain TypeScript: the int walk compares the
 * two. Wide enough for the simulated lines of a million.
 */
export class MemoryTables {
  table: PlaceTable;
  readonly log: Advance[] = [];
  private readonly handler: QueueCommandsHandler;
  private drawn = 0;

  /** `wakeTimer` is told when a batch wants a timer to look. */
  constructor(
    public room: WaitingRoom,
    settings: QueueSettings,
    seeds = new CountedSeeds(),
    private readonly wakeTimer: Transaction['wakeTimer'] = () => Promise.resolve(),
  ) {
    this.table = new PlaceTable(room.concertId);
    this.handler = new QueueCommandsHandler(this.loader(), seeds, settings);
  }

  get places(): Place[] {
    return this.table.all();
  }

  set places(places: readonly Place[]) {
    this.table = new PlaceTable(this.room.concertId);
    for (const place of places) this.table.insert(place);
  }

  /** What the service does with a batch. */
  async handle(commands: readonly QueueCommand[], now: Date) {
    const tx = { now, wakeTimer: this.wakeTimer } as unknown as Transaction;
    const lines = await this.handler.load(commands, tx);
    const context = { now, newId: () => anId((this.drawn += 1)) };
    const decisions: Decision[] = commands.map((command) => this.handler.decide(lines, command, context));
    return { decisions, ...sortedOut(await this.handler.save(lines, tx)) };
  }

  /** What the service does with a count of the concert's only schedule. */
  counted(seatsLeft: number): void {
    this.room = { ...this.room, stock: { seatsLeft, seatsSold: 0, buyers: 0 }, snapshotDue: true };
  }

  factsAt(now: Date, rules: QueueRules, room = this.room): LineFacts {
    const classes = room.classes.map((numbers) => this.classFacts(room, numbers, now, rules));
    return { ...this.classFacts(room, room, now, rules), registrationsLeft: this.registrationsLeft(room), classes };
  }

  private classFacts(room: WaitingRoom, numbers: Numbers, now: Date, rules: QueueRules): ClassFacts {
    const { table } = this;
    const { status, queueNumber, leaseUntil } = table.columns;
    const { index, servingNumber, lastNumber } = numbers;
    const deadLine = deadLineOf(room, now).getTime();
    const size = bucketSize(numbers);
    const live = new Array<number>(bucketCount(numbers)).fill(0);
    const ticks = this.keptTicks(room, index, now, rules);
    const first = firstKept(ticks, numbers);
    const spent: number[] = [];
    const left: number[] = [];
    // Registrations are in front of all numbers, and nobody looks for them once all have theirs.
    const from = index === 0 && awaitsDraw(room) ? -room.registered : first;
    const end = table.firstRowFrom(room.generation, lastNumber + 1);
    for (let row = table.firstRowFrom(room.generation, from); row < end; row += 1) {
      const number = queueNumber[row]!;
      if (status[row] === WAITING && leaseUntil[row]! > deadLine) {
        const bucket = Math.max(0, Math.floor((number - servingNumber - 1) / size));
        live[bucket] = (live[bucket] ?? 0) + 1;
      }
      if (number < first) continue;
      if (status[row] === SPENT) spent.push(number);
      else if (status[row] === LEFT) left.push(number);
    }
    return { index, ticks: ticks.map(keptTick), spent, left, live };
  }

  private registrationsLeft(room: WaitingRoom): number[] {
    if (!awaitsDraw(room)) return [];
    const { table } = this;
    const { status, registration } = table.columns;
    const gone: number[] = [];
    for (let row = table.firstRowFrom(room.generation, -room.registered); row < table.rows; row += 1) {
      if (status[row] === LEFT && registration[row]! > 0) gone.push(registration[row]!);
    }
    return gone.sort((one, other) => one - other);
  }

  private keptTicks({ generation }: WaitingRoom, index: number, now: Date, rules: QueueRules): Advance[] {
    const since = after(now, -keptMs(rules));
    return this.log.filter(
      (tick) => tick.generation === generation && tick.class === index && tick.at > since && tick.activated > 0,
    );
  }

  private loader(): LineLoader {
    const rooms: Pick<Method<WaitingRoomStore>, 'lock' | 'save'> = {
      lock: async () => [copyOf(this.room)],
      save: async ([room]) => void (this.room = room ?? this.room),
    };
    const places: Pick<Method<PlaceStore>, 'find' | 'update' | 'insert' | 'number'> = {
      find: async ({ joining, tokenIds }) => {
        const rows = new Set<number | undefined>();
        for (const { userId } of joining) rows.add(this.table.rowOfUser(userId));
        for (const tokenId of tokenIds) rows.add(this.table.rowOfToken(tokenId));
        rows.delete(undefined);
        return { places: Array.from(rows, (row) => this.table.at(row!)), judged: [] };
      },
      update: async (changed) => changed.forEach((place) => this.table.update(place)),
      insert: async (created) => created.forEach((place) => this.table.insert(place)),
      number: async (pages) => pages.forEach((page) => this.table.renumber(page)),
    };
    const ticks: Pick<Method<TickStore>, 'front' | 'log' | 'noteCounts'> = {
      front: async (looks, now) => new Map(looks.map((look) => [look.room.concertId, this.front(look, now)])),
      log: async (settled, now) => settled.forEach(({ room, advance }) => this.settle(room, advance, now)),
      // What is counted depends on how messages fall into batches.
      noteCounts: async () => undefined,
    };
    const purges: Pick<Method<PurgeStore>, 'find' | 'remove'> = {
      find: async (purged, now, rules) =>
        new Map(purged.map((room) => [room.concertId, this.purgeable(room, now, rules)])),
      remove: async ([purge]) =>
        purge?.doomed.forEach(({ generation, queueNumber }) => this.table.purge(generation, queueNumber)),
    };
    const snapshots: Pick<Method<SnapshotStore>, 'facts'> = {
      facts: async (shown, now, rules) =>
        new Map(shown.map((room) => [room.concertId, this.factsAt(now, rules, room)])),
    };
    return new LineLoader(
      rooms as WaitingRoomStore,
      places as PlaceStore,
      ticks as TickStore,
      purges as PurgeStore,
      snapshots as SnapshotStore,
    );
  }

  private front(look: Look, now: Date): Front {
    const { room, capped, since } = look;
    const recent = this.log.filter(({ at, activated }) => at > since && activated > 0);
    const classes = new Map(classesOf(room).map((numbers) => [numbers.index, this.waiting(look, numbers, now)]));
    return { classes, activeCount: capped ? this.activeCount(room, now) : 0, recent };
  }

  private waiting({ room, wanted }: Look, { servingNumber, lastNumber }: Numbers, now: Date): Waiting {
    const { table } = this;
    const { status, queueNumber, leaseUntil } = table.columns;
    const deadLine = deadLineOf(room, now).getTime();
    const liveNumbers: number[] = [];
    let looked = 0;
    let lookedTo: number | null = null;
    let row = table.firstRowFrom(room.generation, servingNumber + 1);
    const end = table.firstRowFrom(room.generation, lastNumber + 1);
    for (; row < end && liveNumbers.length < wanted && lookedTo === null; row += 1) {
      if (status[row] !== WAITING) continue;
      looked += 1;
      if (leaseUntil[row]! > deadLine) liveNumbers.push(queueNumber[row]!);
      if (looked === wanted + mostPassedOver && liveNumbers.length < wanted) lookedTo = queueNumber[row]!;
    }
    return { liveNumbers, lookedTo };
  }

  private activeCount(room: WaitingRoom, now: Date): number {
    const { status, activeUntil } = this.table.columns;
    let count = 0;
    for (const { index, servingNumber } of classesOf(room)) {
      const end = this.table.firstRowFrom(room.generation, servingNumber + 1);
      for (let row = this.table.firstRowFrom(room.generation, queue.numberBefore(index) + 1); row < end; row += 1) {
        if (status[row] === ACTIVE && activeUntil[row]! > now.getTime()) count += 1;
      }
    }
    return count;
  }

  private settle(room: WaitingRoom, advance: Advance, now: Date): void {
    const { table } = this;
    const { generation, from, to, at, activeUntil } = advance;
    const { status, leaseUntil } = table.columns;
    const deadLine = deadLineOf(room, now).getTime();
    const end = table.firstRowFrom(generation, to + 1);
    for (let row = table.firstRowFrom(generation, from); row < end; row += 1) {
      if (status[row] !== WAITING) continue;
      if (leaseUntil[row]! > deadLine) table.activate(row, at, activeUntil);
      else table.expire(row, now);
    }
    const last = this.log.at(-1);
    const grows =
      last?.generation === generation && last.tickNumber === advance.tickNumber && last.class === advance.class;
    if (grows) this.log.splice(-1, 1, { ...last, to, activated: last.activated + advance.activated });
    else this.log.push(advance);
  }

  private purgeable(room: WaitingRoom, now: Date, rules: QueueRules): PurgeablePlace[] {
    const { status, generation, queueNumber, activatedAt, leaseUntil } = this.table.columns;
    const firstOf = new Map(
      classesOf(room).map((numbers) => {
        return [numbers.index, firstKept(this.keptTicks(room, numbers.index, now, rules), numbers)];
      }),
    );
    const isKept = (number: number) => number >= firstOf.get(queue.classOf(number))!;
    const deadLine = deadLineOf(room, now).getTime();
    const found: PurgeablePlace[] = [];
    for (let row = 0; row < this.table.rows && found.length <= purgePage; row += 1) {
      const dead =
        generation[row]! < room.generation ||
        (queueNumber[row]! > 0 && !isKept(queueNumber[row]!)) ||
        (status[row] === EXPIRED && Number.isNaN(activatedAt[row])) ||
        (status[row] === WAITING && leaseUntil[row]! <= deadLine);
      if (status[row] === PURGED || !dead) continue;
      found.push({ generation: generation[row]!, queueNumber: queueNumber[row]! });
    }
    return found;
  }
}

function firstKept([oldest]: readonly Advance[], { servingNumber }: Numbers): number {
  return oldest?.from ?? servingNumber + 1;
}

function keptTick({ from, to, at, activated, passedOver }: Advance): KeptTick {
  return { from, to, at, activated, passedOver: passedOver.length > 0 ? queue.encodeNumberSet(passedOver) : null };
}
