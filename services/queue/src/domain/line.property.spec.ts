import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import fc from 'fast-check';
import { aPurge, aRoom, aSeed, aTick, noon, secondsAfter, settings } from '../../test/line.builders.js';
import { commandOf, History, pieces, saleIn, type Step, walk, walkSettings } from '../../test/line.walk.js';
import { MemoryTables } from '../../test/memory-tables.js';
import { rulesFrom } from '../config.js';
import type { QueueCommand } from '../messages/accepted.js';
import type { Place } from './place.js';
import { buildSnapshot } from './snapshot.js';
import {
  advances,
  classesOf,
  copyOf,
  deadLineOf,
  isTickDue,
  noNumbers,
  noticeOpening,
  type WaitingRoom,
} from './waiting-room.js';

type Before = Pick<MemoryTables, 'room' | 'places'>;

/** Walks a line message by message, checks what must hold before and after each, and repeats it batch by batch. */
class Walk {
  now = noon;
  private readonly rules;
  private readonly singly: MemoryTables;
  private readonly inBatches: MemoryTables;
  private readonly history = new History();
  /** Who became active really when, in ms; the log has those of a second together. */
  private readonly activations: { at: number; count: number; byTick: boolean }[] = [];

  constructor(maxActive: number | null, sale: number | null) {
    const walked = { ...settings, ...walkSettings, QUEUE_MAX_ACTIVE: maxActive };
    this.rules = rulesFrom(walked);
    const preQueue = sale === null ? {} : { salesOpenAt: secondsAfter(noon, sale), seed: aSeed(0) };
    const room = aRoom({ activationBatch: walked.QUEUE_ACTIVATION_BATCH, maxActive, ...preQueue });
    this.singly = new MemoryTables(copyOf(room), walked);
    this.inBatches = new MemoryTables(copyOf(room), walked);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'purge') await this.purge();
    else if (step.kind === 'draw') await this.batch([{ do: 'draw' }]);
    else if (step.kind === 'count') for (const tables of [this.singly, this.inBatches]) tables.counted(step.seatsLeft);
    else if (step.kind === 'batch') await this.batch(step.acts);
    else {
      for (const seconds of pieces(step.seconds)) {
        this.now = secondsAfter(this.now, seconds);
        if (step.ticking) await this.batch([{ do: 'tick' }]);
      }
    }
  }

  private async batch(acts: Extract<Step, { kind: 'batch' }>['acts']): Promise<void> {
    const commands: QueueCommand[] = [];
    for (const act of acts) {
      const command = commandOf(act, this.history.note(this.singly), this.now);
      if (!command) continue;
      commands.push(command);
      await this.one(command);
    }
    if (commands.length === 0) return;
    const answers = await this.inBatches.handle(commands, this.now);
    expect(answers.decisions.every(({ outcome }) => outcome.kind !== 'open')).toBe(true);
    const [batched, single] = [comparable(this.inBatches), comparable(this.singly)];
    // Jest's own comparison is ten times as slow; it is wanted for its message only.
    if (!isDeepStrictEqual(batched, single)) expect(batched).toEqual(single);
    this.checkHistory();
  }

  private async one(command: QueueCommand): Promise<void> {
    const before = { room: copyOf(this.singly.room), places: this.singly.places };
    // Every command first sees that the sale has opened.
    noticeOpening(before.room, this.now);
    await this.singly.handle([command], this.now);
    const { room, places } = this.singly;
    const wasOf = ({ tokenId }: Pick<Place, 'tokenId'>) => before.places.find((place) => place.tokenId === tokenId);
    const becameActive = places.filter((place) => place.status === 'ACTIVE' && wasOf(place)?.status !== 'ACTIVE');
    const at = this.now.getTime();
    if (command.type === 'queue.Tick.v1') this.checkTick(before, becameActive.map(numberOf));
    else if (command.type === 'queue.JoinQueue.v1') this.checkJoin(before, command.payload, becameActive);
    else expect(becameActive).toEqual([]);
    if (becameActive.length > 0) {
      this.activations.push({ at, count: becameActive.length, byTick: command.type === 'queue.Tick.v1' });
      expect(this.activatedSince(at - room.tickMs)).toBeLessThanOrEqual(room.activationBatch);
    }
    if (command.type === 'queue.RenewLease.v1') {
      const { tokenId, leaseUntil } = command.payload;
      const was = wasOf(command.payload);
      const current = was?.status === 'WAITING' && was.generation === room.generation;
      const alive = current && was.leaseUntil > deadLineOf(room, this.now);
      const asked = Math.min(Date.parse(leaseUntil), secondsAfter(this.now, 100).getTime());
      const lease = alive ? Math.max(was.leaseUntil.getTime(), asked) : was?.leaseUntil.getTime();
      expect(places.find((place) => place.tokenId === tokenId)?.leaseUntil.getTime()).toBe(lease);
    }
    if (command.type === 'queue.ResetQueue.v1') {
      const { generation, nextTickAt } = before.room;
      expect(room).toMatchObject({ generation: generation + 1, nextTickAt });
      for (const numbers of classesOf(room)) expect(numbers).toMatchObject(noNumbers(numbers.index));
    }
  }

  /** How many became active after `since`, in ms; those let in by ticks, and at once after an earlier `sinceAtOnce`. */
  private activatedSince(since: number, sinceAtOnce = since): number {
    const counted = this.activations.filter(({ at, byTick }) => at > (byTick ? since : sinceAtOnce));
    return counted.reduce((sum, { count }) => sum + count, 0);
  }

  /** Who waits and is alive, lowest first, and how many passes run. */
  private lineOf({ room, places }: Before): { live: number[]; running: number } {
    const deadLine = deadLineOf(this.singly.room, this.now);
    const current = places.filter(({ generation }) => generation === room.generation);
    const running = current.filter((place) => place.status === 'ACTIVE' && place.activeUntil! > this.now).length;
    const waiting = current.filter(
      ({ status, leaseUntil, queueNumber }) => status === 'WAITING' && leaseUntil > deadLine && queueNumber > 0,
    );
    return { live: waiting.map(numberOf), running };
  }

  /**
   * The lowest live numbers of each class, of each its share, and together as many as batch and cap leave, when a tick is due. Of joins that were let in at once it may
   * count those of a second more, since they share the time of the first.
   */
  private checkTick(before: Before, passed: number[]): void {
    const { room } = before;
    const due = isTickDue(room, this.now) && advances(room, this.now);
    const { live, running } = this.lineOf(before);
    const since = this.now.getTime() - room.tickMs;
    const allowed = (activated: number) =>
      due ? Math.max(0, Math.min(room.activationBatch - activated, (room.maxActive ?? Infinity) - running)) : 0;
    for (const { index, share } of [{ index: 0, share: 0 }, ...room.classes]) {
      const [waiting, ofClass] = [live, passed].map((all) => all.filter((number) => queue.classOf(number) === index));
      expect(ofClass).toEqual(waiting!.slice(0, ofClass!.length));
      const guaranteed = Math.floor((passed.length * share) / 100);
      expect(ofClass!.length).toBeGreaterThanOrEqual(Math.min(waiting!.length, guaranteed));
    }
    expect(passed.length).toBeLessThanOrEqual(allowed(this.activatedSince(since)));
    const least = allowed(this.activatedSince(since, since - 1_000));
    expect(passed.length).toBeGreaterThanOrEqual(Math.min(live.length, least));
  }

  /** Whoever is new comes in at once exactly where nobody waits and batch and cap leave room, if for a second or two more. */
  private checkJoin(
    before: Before,
    { userId, codeHash }: { userId: string; codeHash?: string | undefined },
    passed: readonly Place[],
  ): void {
    const { room, places } = before;
    const deadLine = deadLineOf(this.singly.room, this.now);
    const wanted = codeHash === undefined ? room : room.classes.find((one) => one.codeHash === codeHash);
    const taken = givenIn(this.singly.room) - givenIn(room);
    const had = places.find(
      (place) =>
        place.userId === userId &&
        place.generation === room.generation &&
        (place.status === 'ACTIVE'
          ? place.activeUntil! > this.now
          : place.leaseUntil > deadLine && place.status === 'WAITING'),
    );
    const open = room.mode === 'OPEN' || room.mode === 'PAUSED';
    const stays =
      had && (codeHash === undefined || had.status === 'ACTIVE' || queue.classOf(had.queueNumber) === wanted?.index);
    expect(taken).toBe(wanted && !stays && open && room.stock?.seatsLeft !== 0 ? 1 : 0);
    if (taken === 0) return expect(passed).toEqual([]);
    const live = this.lineOf(before).live.filter((number) => number !== had?.queueNumber);
    const { running } = this.lineOf(before);
    const most = Math.min(room.instantBelow ?? 0, room.maxActive ?? Infinity);
    const mayPass = advances(room, this.now) && live.length === 0 && running < most;
    const newest = classesOf(this.singly.room).find(({ index }) => index === wanted!.index)!.lastNumber;
    expect(passed.map(numberOf)).toEqual(passed.length === 0 ? [] : [newest]);
    if (passed.length > 0) expect(mayPass).toBe(true);
    const since = this.now.getTime() - room.tickMs - 2_000;
    if (mayPass && this.activatedSince(since) < room.activationBatch) expect(passed).toHaveLength(1);
  }

  private checkHistory(): void {
    const { room, log, places } = this.singly;
    const history = this.history.note(this.singly);
    for (let generation = 1; generation <= room.generation; generation += 1) {
      const [registered, later, classes] = partition(history.filter((place) => place.generation === generation));
      for (const [index, ofClass] of classes) {
        expect(ofClass.map((place) => queue.numberInClass(numberOf(place)))).toEqual(ofClass.map((_, n) => n + 1));
        if (generation < room.generation) continue;
        const last = room.classes.find((one) => one.index === index)!.lastNumber;
        expect(last).toBe(queue.numberBefore(index) + ofClass.length);
      }
      expect(registered.map(({ registration }) => registration)).toEqual(registered.map((_, n) => n + 1));
      expect(later.map(numberOf)).toEqual(later.map((_, n) => registered.length + n + 1));
      if (generation < room.generation) continue;
      expect(room.registered).toBe(registered.length);
      expect(room.lastNumber).toBe(room.seed !== null && room.drawnTo === null ? 0 : registered.length + later.length);
    }
    const order = room.seed === null ? [] : queue.drawNumbers(room.seed, room.registered);
    for (const { registration, queueNumber, generation } of places) {
      if (registration === null || generation < room.generation) continue;
      expect(queueNumber).toBe(registration <= (room.drawnTo ?? 0) ? order[registration - 1] : -registration);
    }
    const living = places.filter(({ status }) => status === 'WAITING' || status === 'ACTIVE');
    expect(new Set(living.map(({ userId }) => userId)).size).toBe(living.length);
    for (const { activated, activationBatch } of log) expect(activated).toBeLessThanOrEqual(activationBatch);
    const parts = log.filter(({ limitedBy }) => limitedBy !== 'INSTANT');
    const ticks = parts.filter(({ tickNumber }, index) => parts[index - 1]?.tickNumber !== tickNumber);
    ticks.forEach(({ at, tickMs }, index) => {
      if (index > 0) expect(at.getTime() - ticks[index - 1]!.at.getTime()).toBeGreaterThanOrEqual(tickMs);
    });
    for (const { activatedAt, activeUntil, status, finishedAt, leaseUntil, generation } of history) {
      if (activatedAt) expect(activeUntil).toEqual(secondsAfter(activatedAt, walkSettings.QUEUE_TOKEN_TTL_SECONDS));
      if (status === 'EXPIRED' && !activatedAt && generation === room.generation)
        expect(finishedAt!.getTime()).toBeGreaterThanOrEqual(leaseUntil.getTime());
    }
  }

  private async purge(): Promise<void> {
    const shown = () =>
      buildSnapshot(this.singly.room, this.singly.factsAt(this.now, this.rules), this.now, this.rules);
    this.history.note(this.singly);
    // The first may notice an outage, which a snapshot shows.
    await this.singly.handle([], this.now);
    const before = shown();
    await this.singly.handle([aPurge()], this.now);
    expect(shown()).toEqual(before);
    await this.inBatches.handle([aPurge()], this.now);
    this.inBatches.room = copyOf(this.singly.room);
  }
}

const numberOf = ({ queueNumber }: Place): number => queueNumber;

/** Who registered in a pre-queue, who came later, and who came with a code, by class. */
function partition(places: readonly Place[]): [Place[], Place[], Map<number, Place[]>] {
  const byClass = Map.groupBy(places, ({ queueNumber }) => queue.classOf(queueNumber));
  const general = byClass.get(0) ?? [];
  byClass.delete(0);
  const isRegistered = ({ registration }: Place) => registration !== null;
  return [general.filter(isRegistered), general.filter((place) => !isRegistered(place)), byClass];
}

/** Numbers and registrations that were given. */
function givenIn(room: WaitingRoom): number {
  const given = classesOf(room).map(({ index, lastNumber }) => lastNumber - queue.numberBefore(index));
  return given.reduce((sum, count) => sum + count, room.registered);
}

/** All of the tables but the flag of a change that the same batch has shown already. */
function comparable({ room, places, log }: MemoryTables) {
  return { room: { ...room, snapshotDue: null }, places, log };
}

describe('any walk of a line', () => {
  const takes = async (steps: Step[], maxActive: number | null, sale: number | null) => {
    const walked = new Walk(maxActive, sale);
    for (const step of steps) await walked.take(step);
  };

  it('lets in the lowest live numbers, at most a batch each interval, never two of one number or user', async () => {
    await fc.assert(fc.asyncProperty(walk, fc.constantFrom(null, null, 3), saleIn, takes), { numRuns: 100 });
  });

  it('keeps a visitor who is seen every half minute for an hour of pause, and ends one who is not within its lease', async () => {
    const tables = new MemoryTables(aRoom({ mode: 'PAUSED' }), { ...settings, ...walkSettings });
    const [seen, silent] = [0, 1].map((user) => commandOf({ do: 'join', user }, [], noon)!);
    await tables.handle([seen!, silent!], noon);
    for (let seconds = 5; seconds <= 3_600; seconds += 5) {
      const now = secondsAfter(noon, seconds);
      const renewal = commandOf({ do: 'renew', user: 0, back: 0, seconds: 90 }, tables.places, now)!;
      await tables.handle(seconds % 30 === 0 ? [renewal, aTick()] : [aTick()], now);
      const facts = tables.factsAt(now, rulesFrom({ ...settings, ...walkSettings }));
      expect(facts.live).toEqual(seconds < 90 ? [1, 1] : [1, 0]);
    }
  });
});
