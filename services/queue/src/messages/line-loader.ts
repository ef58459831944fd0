import { Injectable } from '@nestjs/common';
import type { Outgoing, Transaction } from '#messaging';
import { v7 as uuidv7 } from 'uuid';
import { Line } from '../domain/line.js';
import type { QueueRules } from '../domain/rules.js';
import { heldBackUntil } from '../domain/publishing.js';
import { buildSnapshot } from '../domain/snapshot.js';
import { wantedAtMost } from '../domain/tick.js';
import { advances, isTickDue } from '../domain/waiting-room.js';
import { PlaceStore } from '../postgres/place.store.js';
import { PurgeStore } from '../postgres/purge.store.js';
import { SnapshotStore } from '../postgres/snapshot.store.js';
import { type Look, TickStore } from '../postgres/tick.store.js';
import { WaitingRoomStore } from '../postgres/waiting-room.store.js';
import type { QueueCommand } from './accepted.js';
import { type Lines, type LoadedLine, roomChanged } from './lines.js';
import { sendSnapshot } from './outgoing.js';
import { snapshotTimer } from './snapshot.timer.js';

/** Brings the lines that a batch touches into memory and back: at most ten statements, whatever the batch's size. */
@Injectable()
export class LineLoader {
  constructor(
    private readonly rooms: WaitingRoomStore,
    private readonly places: PlaceStore,
    private readonly ticks: TickStore,
    private readonly purges: PurgeStore,
    private readonly snapshots: SnapshotStore,
  ) {}

  async load(messages: readonly QueueCommand[], rules: QueueRules, tx: Transaction): Promise<Lines> {
    const rooms = await this.rooms.lock([...concertsOf(messages)], rules, tx);
    const places = await this.places.find(placesOf(messages), tx);
    const loaded = rooms.map((room): Mutable<LoadedLine> => {
      const asLoaded = { ...room };
      const line = new Line(
        room,
        places.filter(({ concertId }) => concertId === room.concertId),
        tx.now,
        rules,
      );
      return { line, asLoaded, purgeable: [], doomed: [], morePurgeable: false, publish: false };
    });
    const fronts = await this.ticks.front(looksOf(loaded, messages), tx.now, rules, tx);
    const purging = concertsOf(messages, 'queue.PurgePlaces.v1');
    const toPurge = rooms.filter(({ concertId }) => purging.has(concertId));
    const purgeable = await this.purges.find(toPurge, tx.now, rules, tx);
    for (const each of loaded) {
      each.line.front = fronts.get(each.line.room.concertId) ?? null;
      each.purgeable = purgeable.get(each.line.room.concertId) ?? [];
    }
    return new Map(loaded.map((each) => [each.line.room.concertId, each]));
  }

  /**
   * Places first one by one, then the ranges that ticks settled, then deletions, then the rooms.
   * @returns a snapshot of each line that is to be shown, of the state after all that
   */
  async save(lines: Lines, rules: QueueRules, tx: Transaction): Promise<Outgoing[]> {
    const all = [...lines.values()];
    await this.places.update(
      all.flatMap(({ line }) => [...line.changed]),
      tx,
    );
    await this.places.insert(
      all.flatMap(({ line }) => line.created),
      tx,
    );
    await this.ticks.settle(
      all.flatMap(({ line: { room, advance } }) => (advance ? [{ room, advance }] : [])),
      tx.now,
      tx,
    );
    await this.purges.remove(
      all.map(({ line, doomed }) => ({ concertId: line.room.concertId, doomed })),
      tx,
    );
    await this.rooms.save(
      all.filter(roomChanged).map(({ line }) => line.room),
      tx,
    );
    const newlyDue = all.filter(({ line, asLoaded }) => line.room.snapshotDue && !asLoaded.snapshotDue);
    const heldBack = heldBackUntil(newlyDue.map(({ line }) => line.room));
    if (heldBack) await tx.wakeTimer(snapshotTimer, heldBack);
    return this.snapshotsOf(all, rules, tx);
  }

  private async snapshotsOf(all: readonly LoadedLine[], rules: QueueRules, tx: Transaction): Promise<Outgoing[]> {
    const shown = all.filter(({ publish }) => publish).map(({ line }) => line.room);
    const facts = await this.snapshots.facts(shown, tx.now, rules, tx);
    return shown.map((room) => sendSnapshot(buildSnapshot(room, facts.get(room.concertId)!, tx.now, rules), uuidv7()));
  }
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function concertsOf(messages: readonly QueueCommand[], type?: QueueCommand['type']): Set<string> {
  const ofType = type === undefined ? messages : messages.filter((message) => message.type === type);
  return new Set(ofType.map(({ payload }) => payload.concertId));
}

function placesOf(messages: readonly QueueCommand[]) {
  const joining = new Map<string, { concertId: string; userId: string }>();
  const tokenIds = new Set<string>();
  for (const { type, payload } of messages) {
    if (type === 'queue.JoinQueue.v1') joining.set(`${payload.concertId} ${payload.userId}`, payload);
    else if ('tokenId' in payload) tokenIds.add(payload.tokenId);
  }
  return { joining: [...joining.values()], tokenIds: [...tokenIds] };
}

/** A tick needs as many live numbers as it may let in, and one more for each that may go before it in the batch. */
function looksOf(loaded: readonly LoadedLine[], messages: readonly QueueCommand[]): Look[] {
  const ticking = concertsOf(messages, 'queue.Tick.v1');
  return loaded.flatMap(({ line: { room, now } }) => {
    if (!ticking.has(room.concertId) || !isTickDue(room, now) || !advances(room, now)) return [];
    const going = messages.filter(
      ({ type, payload }) =>
        payload.concertId === room.concertId && (type === 'queue.LeaveQueue.v1' || type === 'queue.ExpireToken.v1'),
    );
    return [{ room, wanted: wantedAtMost(room) + going.length }];
  });
}
