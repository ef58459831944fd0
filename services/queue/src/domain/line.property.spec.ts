import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aPurge, aRoom, aTick, noon, secondsAfter, settings } from '../../test/line.builders.js';
import { commandOf, History, pieces, type Step, walk, walkSettings } from '../../test/line.walk.js';
import { MemoryTables } from '../../test/memory-tables.js';
import { rulesFrom } from '../config.js';
import type { QueueCommand } from '../messages/accepted.js';
import type { Place } from './place.js';
import { buildSnapshot } from './snapshot.js';
import { advances, deadLineOf, isTickDue } from './waiting-room.js';

/** Walks a line message by message, checks what must hold before and after each, and repeats it batch by batch. */
class Walk {
  now = noon;
  private readonly rules;
  private readonly singly: MemoryTables;
  private readonly inBatches: MemoryTables;
  private readonly history = new History();

  constructor(maxActive: number | null) {
    const walked = { ...settings, ...walkSettings, QUEUE_MAX_ACTIVE: maxActive };
    this.rules = rulesFrom(walked);
    const room = aRoom({ activationBatch: walked.QUEUE_ACTIVATION_BATCH, maxActive });
    this.singly = new MemoryTables({ ...room }, walked);
    this.inBatches = new MemoryTables({ ...room }, walked);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'mode') {
      for (const tables of [this.singly, this.inBatches]) tables.room = { ...tables.room, mode: step.mode };
    } else if (step.kind === 'purge') await this.purge();
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
    const before = { room: this.singly.room, places: this.singly.places.map((place) => ({ ...place })) };
    await this.singly.handle([command], this.now);
    const { room, places } = this.singly;
    const becameActive = places.filter(({ queueNumber, status }) => {
      const was = before.places.find((place) => place.queueNumber === queueNumber);
      return status === 'ACTIVE' && was?.status !== 'ACTIVE';
    });
    const expected = command.type === 'queue.Tick.v1' ? this.mayPass(before.room, before.places) : [];
    expect(becameActive.map(numberOf)).toEqual(expected);
    if (command.type === 'queue.RenewLease.v1') {
      const { queueNumber, leaseUntil } = command.payload;
      const was = before.places.find((place) => place.queueNumber === queueNumber);
      const alive = was?.status === 'WAITING' && was.leaseUntil > deadLineOf(room, this.now);
      const asked = Math.min(Date.parse(leaseUntil), secondsAfter(this.now, 100).getTime());
      const lease = alive ? Math.max(was.leaseUntil.getTime(), asked) : was?.leaseUntil.getTime();
      expect(places.find((place) => place.queueNumber === queueNumber)?.leaseUntil.getTime()).toBe(lease);
    }
  }

  /** The lowest live numbers, as many as batch and cap allow, when a tick is due. */
  private mayPass(room: MemoryTables['room'], places: readonly Place[]): number[] {
    if (!isTickDue(room, this.now) || !advances(room, this.now)) return [];
    const deadLine = deadLineOf(this.singly.room, this.now);
    const running = places.filter((place) => place.status === 'ACTIVE' && place.activeUntil! > this.now).length;
    const allowed = Math.max(0, Math.min(room.activationBatch, (room.maxActive ?? Infinity) - running));
    return places
      .filter(({ status, leaseUntil }) => status === 'WAITING' && leaseUntil > deadLine)
      .map(numberOf)
      .slice(0, allowed);
  }

  private checkHistory(): void {
    const { room, log, places } = this.singly;
    const history = this.history.note(this.singly);
    expect(history.map(numberOf)).toEqual(Array.from({ length: room.lastNumber }, (_, n) => n + 1));
    const living = places.filter(({ status }) => status === 'WAITING' || status === 'ACTIVE');
    expect(new Set(living.map(({ userId }) => userId)).size).toBe(living.length);
    log.forEach(({ at, activated }, index) => {
      expect(activated).toBeLessThanOrEqual(room.activationBatch);
      if (index > 0) expect(at.getTime() - log[index - 1]!.at.getTime()).toBeGreaterThanOrEqual(room.tickMs);
    });
    for (const { activatedAt, activeUntil, status, finishedAt, leaseUntil } of history) {
      if (activatedAt) expect(activeUntil).toEqual(secondsAfter(activatedAt, walkSettings.QUEUE_TOKEN_TTL_SECONDS));
      if (status === 'EXPIRED' && !activatedAt)
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
    this.inBatches.room = { ...this.singly.room };
  }
}

const numberOf = ({ queueNumber }: Place): number => queueNumber;

/** All of the tables but the flag of a change that the same batch has shown already. */
function comparable({ room, places, log }: MemoryTables) {
  return { room: { ...room, snapshotDue: null }, places, log };
}

describe('any walk of a line', () => {
  const takes = async (steps: Step[], maxActive: number | null) => {
    const walked = new Walk(maxActive);
    for (const step of steps) await walked.take(step);
  };

  it('lets in the lowest live numbers, at most a batch each interval, never two of one number or user', async () => {
    await fc.assert(
      fc.asyncProperty(walk, fc.constantFrom(null, null, 3), (steps, maxActive) => takes(steps, maxActive)),
      { numRuns: 100 },
    );
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
