import { Inject } from '@nestjs/common';
import { topics } from '#contracts';
import { answer, BatchHandler, type Context, type Decision, type Handler, type Transaction } from '#messaging';
import { SETTINGS } from '#service';
import { type QueueSettings, rulesFrom } from '../config.js';
import { openRoom, type WaitingRoom } from '../domain/waiting-room.js';
import { buildSnapshot } from '../domain/snapshot.js';
import { WaitingRoomStore } from '../postgres/waiting-room.store.js';
import { type ConcertEvent, concertEvents } from './accepted.js';
import { concertBody } from './bodies.js';
import { sendSnapshot } from './outgoing.js';

export interface Rooms {
  /** Concerts that have a room. */
  readonly known: Set<string>;
  readonly opened: WaitingRoom[];
}

/** Opens the waiting room of every concert, and tells whoever created the concert that all is ready. */
@BatchHandler({ topic: topics.concertEvents, accepts: concertEvents })
export class ConcertEventsHandler implements Handler<Rooms, ConcertEvent> {
  constructor(
    private readonly rooms: WaitingRoomStore,
    @Inject(SETTINGS) private readonly settings: QueueSettings,
  ) {}

  async load(messages: readonly ConcertEvent[], tx: Transaction): Promise<Rooms> {
    const concertIds = messages.map(({ payload }) => payload.concertId);
    const known = await this.rooms.lock(concertIds, rulesFrom(this.settings), tx);
    return { known: new Set(known.map(({ concertId }) => concertId)), opened: [] };
  }

  decide({ known, opened }: Rooms, { payload }: ConcertEvent, { now, newId }: Context): Decision {
    const outcome = answer(concertBody(payload));
    if (known.has(payload.concertId)) return { outcome };
    const rules = rulesFrom(this.settings);
    const salesOpenAt = payload.salesOpenAt === null ? null : new Date(payload.salesOpenAt);
    const room = { ...openRoom(payload.concertId, salesOpenAt, now, rules), version: 1, snapshotAt: now };
    known.add(room.concertId);
    opened.push(room);
    const empty = { ticks: [], spent: [], left: [], live: [] };
    return { outcome, send: [sendSnapshot(buildSnapshot(room, empty, now, rules), newId())] };
  }

  save({ opened }: Rooms, tx: Transaction): Promise<void> {
    return this.rooms.open(opened, tx);
  }
}
