import { Injectable } from '@nestjs/common';
import type { queue } from '#contracts';
import type { Outgoing, Transaction } from '#messaging';
import { newId } from '#service';
import { Line } from '../domain/line.js';
import { togetherMs } from '../domain/pace.js';
import { after, type QueueRules } from '../domain/rules.js';
import { heldBackUntil } from '../domain/publishing.js';
import { buildSnapshot, countsOf } from '../domain/snapshot.js';
import { wantedAtMost } from '../domain/tick.js';
import { advances, copyOf, isTickDue } from '../domain/waiting-room.js';
import { PlaceStore } from '../postgres/place.store.js';
import { PurgeStore } from '../postgres/purge.store.js';
import { SnapshotStore } from '../postgres/snapshot.store.js';
import { type Look, TickStore } from '../postgres/tick.store.js';
import { WaitingRoomStore } from '../postgres/waiting-room.store.js';
import type { QueueCommand } from './accepted.js';
import { type Lines, type LoadedLine, roomChanged } from './lines.js';
import { isOperators } from './operate.js';
import { sendSnapshot, tellEnded } from './outgoing.js';
import { countPlaces } from './place-metrics.js';
import { snapshotTimer } from './snapshot.timer.js';

/** Brings the lines that a batch touches into memory and back: at most fourteen statements, whatever the batch's size. */
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
    const [rooms, { places, judged }] = await Promise.all([
      this.rooms.lock([...concertsOf(messages)], rules, tx),
      this.places.find(placesOf(messages), tx),
    ]);
    const loaded = rooms.map((room): Mutable<LoadedLine> => {
      const asLoaded = copyOf(room);
      const line = new Line(
        room,
        places.filter(({ concertId }) => concertId === room.concertId),
        tx.now,
        rules,
      );
      // What a tick has decided of them is in their rows from now on: one that is over makes room for its user's next.
      for (const place of judged) if (place.concertId === room.concertId) line.touch(place);
      return { line, asLoaded, counts: null, purgeable: [], doomed: [], publish: false };
    });
    const purging = concertsOf(messages.filter(({ type }) => type === 'queue.PurgePlaces.v1'));
    const toPurge = rooms.filter(({ concertId }) => purging.has(concertId));
    const operated = concertsOf(messages.filter(isOperators));
    const toCount = rooms.filter(({ concertId }) => operated.has(concertId));
    const [fronts, purgeable, facts] = await Promise.all([
      this.ticks.front(looksOf(loaded, messages), tx.now, rules, tx),
      this.purges.find(toPurge, tx.now, rules, tx),
      this.snapshots.facts(toCount, tx.now, rules, tx),
    ]);
    for (const each of loaded) {
      const counted = facts.get(each.line.room.concertId);
      if (counted) each.counts = countsOf(counted, tx.now, rules);
      each.line.front = fronts.get(each.line.room.concertId) ?? null;
      each.purgeable = purgeable.get(each.line.room.concertId) ?? [];
    }
    return new Map(loaded.map((each) => [each.line.room.concertId, each]));
  }

  /**
   * Places first, then what was drawn, then the log of ticks, then deletions, then the rooms.
   * @returns what ended in each line, and a snapshot of each that is to be shown, of the state after all that
   */
  async save(lines: Lines, rules: QueueRules, tx: Transaction): Promise<Outgoing[]> {
    const all = [...lines.values()];
    const created = all.flatMap(({ line }) => line.created);
    const drawn = all.flatMap(({ line: { room, drawn } }) => (drawn ? [{ concertId: room.concertId, ...drawn }] : []));
    const advances = all.flatMap(({ line }) => line.advances.map((advance) => ({ room: line.room, advance })));
    const doomed = all.map(({ line, doomed }) => ({ concertId: line.room.concertId, doomed }));
    await Promise.all([
      this.places.update(
        all.flatMap(({ line }) => [...line.changed]),
        tx,
      ),
      this.places.insert(created, tx),
      this.places.number(drawn, tx),
      this.ticks.log(advances, tx.now, tx),
      this.purges.remove(doomed, tx),
      this.rooms.save(
        all.filter(roomChanged).map(({ line }) => line.room),
        tx,
      ),
    ]);
    const newlyDue = all.filter(({ line, asLoaded }) => line.room.snapshotDue && !asLoaded.snapshotDue);
    const heldBack = heldBackUntil(newlyDue.map(({ line }) => line.room));
    if (heldBack) await tx.wakeTimer(snapshotTimer, heldBack);
    for (const { line } of all) countPlaces(line);
    const endings = all.flatMap(({ line }) => tellEnded(line, newId()) ?? []);
    return [...endings, ...(await this.snapshotsOf(all, rules, tx))];
  }

  /** Who waits is counted for the snapshots, and the log of the ticks says it as well. */
  private async snapshotsOf(all: readonly LoadedLine[], rules: QueueRules, tx: Transaction): Promise<Outgoing[]> {
    const shown = all.filter(({ publish }) => publish).map(({ line }) => line);
    const facts = await this.snapshots.facts(
      shown.map(({ room }) => room),
      tx.now,
      rules,
      tx,
    );
    const logged = shown.flatMap(({ room, ticks }) =>
      ticks
        .filter(({ generation }) => generation === room.generation)
        .map((advance) => ({
          concertId: room.concertId,
          advance,
          ...countsOf(facts.get(room.concertId)!, tx.now, rules),
        })),
    );
    await this.ticks.noteCounts(logged, tx);
    return shown.map(({ room }) =>
      sendSnapshot(buildSnapshot(room, facts.get(room.concertId)!, tx.now, rules), newId()),
    );
  }
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function concertsOf(messages: readonly QueueCommand[]): Set<string> {
  return new Set(messages.map(({ payload }) => payload.concertId));
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

/**
 * A tick needs as many live numbers as it may let in, one more for each that may go before it in the batch, and one to see
 * whether anybody waits after it: joins may be let in at once. A command of an operator before it may let in more, or at all.
 */
function looksOf(loaded: readonly LoadedLine[], messages: readonly QueueCommand[]): Look[] {
  return loaded.flatMap(({ line: { room, now } }) => {
    const ours = messages.filter(({ payload }) => payload.concertId === room.concertId);
    const has = (...types: QueueCommand['type'][]) => ours.filter(({ type }) => types.includes(type)).length;
    const operated = ours.filter(isOperators);
    const ticks = has('queue.Tick.v1') > 0 && (operated.length > 0 || isTickDue(room, now));
    const joins = has('queue.JoinQueue.v1') > 0 && (operated.length > 0 || room.instantBelow !== null);
    if ((!ticks && !joins) || (operated.length === 0 && !advances(room, now))) return [];
    const moving = ours.filter(({ type, payload }) => type === 'queue.JoinQueue.v1' && payload.codeHash !== undefined);
    const going = has('queue.LeaveQueue.v1', 'queue.ExpireToken.v1') + moving.length;
    const wanted = <Name extends 'activationBatch' | 'tickSeconds'>(name: Name) =>
      operated.flatMap(({ payload }) => (name in payload ? ((payload as queue.Controls)[name] ?? []) : []));
    const most =
      operated.length === 0 ? wantedAtMost(room) : Math.max(room.activationBatch, ...wanted('activationBatch'));
    const longest = Math.max(room.tickMs, ...wanted('tickSeconds').map((seconds) => seconds * 1_000));
    const capped = room.maxActive !== null || room.instantBelow !== null || operated.length > 0;
    const since = after(now, -longest - 2 * togetherMs);
    return [{ room, wanted: (ticks ? most : 0) + going + 1, capped, since }];
  });
}
