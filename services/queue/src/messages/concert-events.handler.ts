import { Inject } from '@nestjs/common';
import { concert, topics } from '#contracts';
import { answer, BatchHandler, type Context, type Decision, done, type Handler, type Transaction } from '#messaging';
import { SETTINGS } from '#service';
import { type QueueSettings, rulesFrom } from '../config.js';
import { heldBackUntil } from '../domain/publishing.js';
import { buildSnapshot } from '../domain/snapshot.js';
import { openRoom, type WaitingRoom } from '../domain/waiting-room.js';
import { StockStore } from '../postgres/stock.store.js';
import { WaitingRoomStore } from '../postgres/waiting-room.store.js';
import { type ConcertEvent, concertEvents } from './accepted.js';
import { concertBody } from './bodies.js';
import { sendSnapshot } from './outgoing.js';
import { Seeds } from './seeds.js';
import { snapshotTimer } from './snapshot.timer.js';

export interface Rooms {
  /** Those that are there, by concert. */
  readonly known: Map<string, WaitingRoom>;
  readonly opened: WaitingRoom[];
  /** The newest of each schedule. */
  readonly counts: Map<string, concert.SeatsCounted>;
}

/**
 * Opens the waiting room of every concert, and tells whoever created the concert that all is ready. Keeps how many seats are
 * left, and has it shown like any other change of a room.
 */
@BatchHandler({ topic: topics.concertEvents, accepts: concertEvents })
export class ConcertEventsHandler implements Handler<Rooms, ConcertEvent> {
  constructor(
    private readonly rooms: WaitingRoomStore,
    private readonly stock: StockStore,
    private readonly seeds: Seeds,
    @Inject(SETTINGS) private readonly settings: QueueSettings,
  ) {}

  async load(messages: readonly ConcertEvent[], tx: Transaction): Promise<Rooms> {
    const concertIds = messages.map(({ payload }) => payload.concertId);
    const known = await this.rooms.lock(concertIds, rulesFrom(this.settings), tx);
    return { known: new Map(known.map((room) => [room.concertId, room])), opened: [], counts: new Map() };
  }

  decide(rooms: Rooms, message: ConcertEvent, context: Context): Decision {
    if (message.type === concert.concertCreated.type) return this.open(rooms, message.payload, context);
    const { scheduleId, version } = message.payload;
    if (version > (rooms.counts.get(scheduleId)?.version ?? 0)) rooms.counts.set(scheduleId, message.payload);
    return { outcome: done };
  }

  private open({ known, opened }: Rooms, payload: concert.ConcertDetails, { now, newId }: Context): Decision {
    const outcome = answer(concertBody(payload));
    if (known.has(payload.concertId)) return { outcome };
    const rules = rulesFrom(this.settings);
    const salesOpenAt = payload.salesOpenAt === null ? null : new Date(payload.salesOpenAt);
    const room = {
      ...openRoom(payload.concertId, salesOpenAt, this.seeds.next(), now, rules),
      version: 1,
      snapshotAt: now,
    };
    known.set(room.concertId, room);
    opened.push(room);
    const empty = { index: 0, ticks: [], spent: [], left: [], registrationsLeft: [], live: [], classes: [] };
    return { outcome, send: [sendSnapshot(buildSnapshot(room, empty, now, rules), newId())] };
  }

  async save({ known, opened, counts }: Rooms, tx: Transaction): Promise<void> {
    await this.rooms.open(opened, tx);
    await this.stock.keep([...counts.values()], tx);
    const counted = new Set([...counts.values()].flatMap(({ concertId }) => known.get(concertId) ?? []));
    const newlyDue = [...counted].filter(({ snapshotDue }) => !snapshotDue);
    for (const room of newlyDue) room.snapshotDue = true;
    await this.rooms.save(newlyDue, tx);
    const heldBack = heldBackUntil(newlyDue);
    if (heldBack) await tx.wakeTimer(snapshotTimer, heldBack);
  }
}
