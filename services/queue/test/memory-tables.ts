import { queue } from '#contracts';
import type { Decision, Transaction } from '#messaging';
import type { QueueSettings } from '../src/config.js';
import type { Advance, Front } from '../src/domain/line.js';
import type { Place } from '../src/domain/place.js';
import { type PurgeablePlace, purgePage } from '../src/domain/purge.js';
import { after, keptMs, type QueueRules } from '../src/domain/rules.js';
import { bucketCount, bucketSize, type KeptTick, type LineFacts } from '../src/domain/snapshot.js';
import { mostPassedOver } from '../src/domain/tick.js';
import { deadLineOf, type WaitingRoom } from '../src/domain/waiting-room.js';
import type { QueueCommand } from '../src/messages/accepted.js';
import { LineLoader } from '../src/messages/line-loader.js';
import { QueueCommandsHandler } from '../src/messages/queue-commands.handler.js';
import type { PlaceStore } from '../src/postgres/place.store.js';
import type { PurgeStore } from '../src/postgres/purge.store.js';
import type { SnapshotStore } from '../src/postgres/snapshot.store.js';
import type { Look, TickStore } from '../src/postgres/tick.store.js';
import type { WaitingRoomStore } from '../src/postgres/waiting-room.store.js';
import { anId } from './line.builders.js';

type Method<Store> = { [Name in keyof Store]: Store[Name] };
export type LoggedTick = Advance & { readonly at: Date };

/** The tables of one concert as plain lists, with what the SQL of the stores says in the shortest TypeScript. */
export class MemoryTables {
  places: Place[] = [];
  readonly log: LoggedTick[] = [];
  private drawn = 0;

  constructor(
    public room: WaitingRoom,
    private readonly settings: QueueSettings,
  ) {}

  /** What the service does with a batch. */
  async handle(commands: readonly QueueCommand[], now: Date) {
    const tx = { now, wakeTimer: () => Promise.resolve() } as unknown as Transaction;
    const handler = new QueueCommandsHandler(this.loader(), this.settings);
    const lines = await handler.load(commands, tx);
    const context = { now, newId: () => anId((this.drawn += 1)) };
    const decisions: Decision[] = commands.map((command) => handler.decide(lines, command, context));
    const snapshots = (await handler.save(lines, tx)).map(({ payload }) => payload as queue.QueueSnapshot);
    return { decisions, snapshots };
  }

  factsAt(now: Date, rules: QueueRules): LineFacts {
    const { room } = this;
    const ticks = this.log.filter((tick) => tick.at > after(now, -keptMs(rules)) && tick.activated > 0);
    const first = this.firstKept(now, rules);
    const gone = (status: Place['status']) =>
      this.places.filter((place) => place.status === status && place.queueNumber >= first).map(numberOf);
    const live = new Array<number>(bucketCount(room)).fill(0);
    for (const place of this.waiting()) {
      if (place.leaseUntil <= deadLineOf(room, now)) continue;
      live[Math.floor((place.queueNumber - room.servingNumber - 1) / bucketSize(room))]! += 1;
    }
    return { ticks: ticks.map(keptTick), spent: gone('SPENT'), left: gone('LEFT'), live };
  }

  private firstKept(now: Date, rules: QueueRules): number {
    const kept = this.log.find((tick) => tick.at > after(now, -keptMs(rules)) && tick.activated > 0);
    return kept?.from ?? this.room.servingNumber + 1;
  }

  private waiting(): Place[] {
    return this.places.filter(({ status }) => status === 'WAITING');
  }

  private loader(): LineLoader {
    const rooms: Pick<Method<WaitingRoomStore>, 'lock' | 'save'> = {
      lock: async () => [{ ...this.room }],
      save: async ([room]) => void (this.room = room ?? this.room),
    };
    const places: Pick<Method<PlaceStore>, 'find' | 'update' | 'insert'> = {
      find: async ({ joining, tokenIds }) =>
        this.places
          .filter(
            ({ userId, status, tokenId }) =>
              tokenIds.includes(tokenId) ||
              ((status === 'WAITING' || status === 'ACTIVE') && joining.some((one) => one.userId === userId)),
          )
          .map((place) => ({ ...place })),
      update: async (changed) => {
        const byNumber = new Map(changed.map((place) => [place.queueNumber, place]));
        this.places = this.places.map((place) => byNumber.get(place.queueNumber) ?? place);
      },
      insert: async (created) => void this.places.push(...created),
    };
    const ticks: Pick<Method<TickStore>, 'front' | 'settle'> = {
      front: async (looks, now) => new Map(looks.map((look) => [look.room.concertId, this.front(look, now)])),
      settle: async (settled, now) => settled.forEach(({ room, advance }) => this.settle(room, advance, now)),
    };
    const purges: Pick<Method<PurgeStore>, 'find' | 'remove'> = {
      find: async (purged, now, rules) =>
        new Map(purged.map((room) => [room.concertId, this.purgeable(room, now, rules)])),
      remove: async ([purge]) => {
        const doomed = new Set(purge?.doomed.map(numberOf));
        this.places = this.places.filter(({ queueNumber }) => !doomed.has(queueNumber));
      },
    };
    const snapshots: Pick<Method<SnapshotStore>, 'facts'> = {
      facts: async (shown, now, rules) => new Map(shown.map((room) => [room.concertId, this.factsAt(now, rules)])),
    };
    return new LineLoader(
      rooms as WaitingRoomStore,
      places as PlaceStore,
      ticks as TickStore,
      purges as PurgeStore,
      snapshots as SnapshotStore,
    );
  }

  private front({ room, wanted }: Look, now: Date): Front {
    const looked = this.waiting().slice(0, wanted + mostPassedOver);
    const live = looked.filter(({ leaseUntil }) => leaseUntil > deadLineOf(room, now)).map(numberOf);
    const active = this.places.filter(({ status, activeUntil }) => status === 'ACTIVE' && activeUntil! > now);
    return { liveNumbers: live.slice(0, wanted), lookedTo: null, activeCount: active.length };
  }

  private settle(room: WaitingRoom, advance: Advance, now: Date): void {
    const { from, to, activeUntil } = advance;
    const deadLine = deadLineOf(room, now);
    for (const place of this.waiting()) {
      if (place.queueNumber < from || place.queueNumber > to) continue;
      if (place.leaseUntil > deadLine) Object.assign(place, { status: 'ACTIVE', activatedAt: now, activeUntil });
      else Object.assign(place, { status: 'EXPIRED', finishedAt: now });
    }
    this.log.push({ ...advance, at: now });
  }

  private purgeable(room: WaitingRoom, now: Date, rules: QueueRules): PurgeablePlace[] {
    const first = this.firstKept(now, rules);
    const dead = ({ status, activatedAt, leaseUntil }: Place) =>
      (status === 'EXPIRED' && activatedAt === null) || (status === 'WAITING' && leaseUntil <= deadLineOf(room, now));
    return this.places.filter((place) => place.queueNumber < first || dead(place)).slice(0, purgePage + 1);
  }
}

const numberOf = ({ queueNumber }: { queueNumber: number }): number => queueNumber;

function keptTick({ from, to, at, activated, passedOver }: LoggedTick): KeptTick {
  return { from, to, at, activated, passedOver: passedOver.length > 0 ? queue.encodeNumberSet(passedOver) : null };
}
