import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emptyDatabase } from '#testing';
import type { QueueCommand } from '../src/messages/accepted.js';
import { aDraw, aPurge, aRoom, CountedSeeds, secondsAfter, settings } from './line.builders.js';
import { commandOf, History, pieces, saleIn, type Step, walk, walkSettings } from './line.walk.js';
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

  static async begin(maxActive: number | null, sale: number | null): Promise<TwinWalk> {
    const salesOpenAt = sale === null ? null : secondsAfter(database.now, sale);
    database.seeds = new CountedSeeds();
    const concertId = await database.open(salesOpenAt);
    const seeds = new CountedSeeds();
    const seed = seeds.next();
    const changed = { QUEUE_MAX_ACTIVE: maxActive };
    const room = {
      ...aRoom({ concertId, activationBatch: walkSettings.QUEUE_ACTIVATION_BATCH, maxActive, salesOpenAt }),
      seed: sale === null ? null : seed,
      nextTickAt: new Date(database.now.getTime() + 5_000),
      lastTickAt: database.now,
      snapshotAt: database.now,
      version: 1,
    };
    return new TwinWalk(
      concertId,
      new MemoryTables(room, { ...settings, ...walkSettings, ...changed }, seeds),
      changed,
    );
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'purge') await this.batch([aPurge()]);
    else if (step.kind === 'draw') await this.batch([aDraw()]);
    else if (step.kind === 'count') {
      this.tables.counted(step.seatsLeft);
      await database.counted({ concertId: this.concertId, scheduleId: this.concertId, seatsLeft: step.seatsLeft });
    } else if (step.kind === 'batch') {
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
    // The engine gives no handler an empty batch, and the model would load its line all the same.
    if (commands.length === 0) return;
    const ours = commands.map((command) => ({
      ...command,
      payload: { ...command.payload, concertId: this.concertId },
    })) as QueueCommand[];
    const expected = await this.tables.handle(ours, database.now);
    const { decisions, snapshots } = await database.handle(ours, this.changed);
    expect(decisions.map(({ outcome }) => outcome)).toEqual(expected.decisions.map(({ outcome }) => outcome));
    expect(snapshots).toEqual(expected.snapshots);
    expect(await this.stored()).toEqual(
      this.tables.places.map(
        ({
          generation,
          queueNumber,
          registration,
          status,
          leaseUntil,
          activeUntil,
          arrivedAt,
          estimatedAt,
          finishedAt,
        }) => ({
          generation,
          queueNumber,
          registration,
          status,
          leaseUntil,
          activeUntil,
          arrivedAt,
          estimatedAt,
          finishedAt,
        }),
      ),
    );
  }

  private stored(): Promise<unknown[]> {
    return database.query(
      `select generation, queue_number as "queueNumber", registration, status, lease_until as "leaseUntil", active_until as "activeUntil",
              arrived_at as "arrivedAt", estimated_at as "estimatedAt",
              finished_at as "finishedAt"
       from judged_place where concert_id = $1 order by generation, queue_number`,
      [this.concertId],
    );
  }
}

it('tells the same as the plain model of its tables, whatever happens in a line', async () => {
  await fc.assert(
    fc.asyncProperty(walk, fc.constantFrom(null, 3), saleIn, async (steps, maxActive, sale) => {
      const twins = await TwinWalk.begin(maxActive, sale);
      for (const step of steps) await twins.take(step);
    }),
    { numRuns: 10 },
  );
});
