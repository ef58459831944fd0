import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emptyDatabase } from '#testing';
import type { QueueCommand } from '../src/messages/accepted.js';
import { aPurge, aRoom, settings } from './line.builders.js';
import { commandOf, History, pieces, type Step, walk, walkSettings } from './line.walk.js';
import { MemoryTables } from './memory-tables.js';
import { QueueDatabase } from './queue.database.js';

let database: QueueDatabase;
beforeAll(async () => {
  database = await QueueDatabase.in(await emptyDatabase(), walkSettings);
});
afterAll(() => database.drop());

/** Walks one line in PostgreSQL and in plain lists side by side; both must tell the same after every batch. */
class TwinWalk {
  private readonly history = new History();

  private constructor(
    private readonly concertId: string,
    private readonly tables: MemoryTables,
    private readonly changed: { QUEUE_MAX_ACTIVE: number | null },
  ) {}

  static async begin(maxActive: number | null): Promise<TwinWalk> {
    const concertId = await database.open();
    const changed = { QUEUE_MAX_ACTIVE: maxActive };
    const room = {
      ...aRoom({ concertId, activationBatch: walkSettings.QUEUE_ACTIVATION_BATCH, maxActive }),
      nextTickAt: new Date(database.now.getTime() + 5_000),
      lastTickAt: database.now,
      snapshotAt: database.now,
      version: 1,
    };
    return new TwinWalk(concertId, new MemoryTables(room, { ...settings, ...walkSettings, ...changed }), changed);
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'mode') {
      this.tables.room = { ...this.tables.room, mode: step.mode };
      await database.query('update waiting_room set mode = $2 where concert_id = $1', [this.concertId, step.mode]);
    } else if (step.kind === 'purge') await this.batch([aPurge()]);
    else if (step.kind === 'batch') {
      const history = this.history.note(this.tables);
      await this.batch(step.acts.flatMap((act) => commandOf(act, history, database.now) ?? []));
    } else {
      for (const seconds of pieces(step.seconds)) {
        database.pass(seconds);
        if (step.ticking) await this.batch([commandOf({ do: 'tick' }, [], database.now)!]);
      }
    }
  }

  private async batch(commands: readonly QueueCommand[]): Promise<void> {
    const ours = commands.map((command) => ({
      ...command,
      payload: { ...command.payload, concertId: this.concertId },
    })) as QueueCommand[];
    const expected = await this.tables.handle(ours, database.now);
    const { decisions, snapshots } = await database.handle(ours, this.changed);
    expect(decisions.map(({ outcome }) => outcome)).toEqual(expected.decisions.map(({ outcome }) => outcome));
    expect(snapshots).toEqual(expected.snapshots);
    expect(await this.stored()).toEqual(
      this.tables.places.map(({ queueNumber, status, leaseUntil, activeUntil, finishedAt }) => ({
        queueNumber,
        status,
        leaseUntil,
        activeUntil,
        finishedAt,
      })),
    );
  }

  private stored(): Promise<unknown[]> {
    return database.query(
      `select queue_number as "queueNumber", status, lease_until as "leaseUntil", active_until as "activeUntil",
              finished_at as "finishedAt"
       from place where concert_id = $1 order by queue_number`,
      [this.concertId],
    );
  }
}

it('tells the same as the plain model of its tables, whatever happens in a line', async () => {
  await fc.assert(
    fc.asyncProperty(walk, fc.constantFrom(null, 3), async (steps, maxActive) => {
      const twins = await TwinWalk.begin(maxActive);
      for (const step of steps) await twins.take(step);
    }),
    { numRuns: 10 },
  );
});
