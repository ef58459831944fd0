import pg from 'pg';
import { DataSource } from 'typeorm';
import { concert, type queue } from '#contracts';
import { type Decision, type Due, inTransaction, type Outgoing, type Timer, type Transaction } from '#messaging';
import { databaseOptions } from '#service';
import { v7 as uuidv7 } from 'uuid';
import type { QueueSettings } from '../src/config.js';
import type { ConcertEvent, QueueCommand } from '../src/messages/accepted.js';
import { ConcertEventsHandler } from '../src/messages/concert-events.handler.js';
import { LineLoader } from '../src/messages/line-loader.js';
import { QueueCommandsHandler } from '../src/messages/queue-commands.handler.js';
import { Seeds } from '../src/messages/seeds.js';
import { migrations } from '../src/postgres/migrations/index.js';
import { PlaceStore } from '../src/postgres/place.store.js';
import { PurgeStore } from '../src/postgres/purge.store.js';
import { QueueQueries } from '../src/postgres/queue.queries.js';
import { SnapshotStore } from '../src/postgres/snapshot.store.js';
import { StockStore } from '../src/postgres/stock.store.js';
import { TickStore } from '../src/postgres/tick.store.js';
import { WaitingRoomStore } from '../src/postgres/waiting-room.store.js';
import { aMessage, secondsAfter, settings, sortedOut } from './line.builders.js';

export interface Handled {
  readonly decisions: readonly Decision[];
  /** What `save` adds to the outbox. */
  readonly snapshots: readonly queue.QueueSnapshot[];
  readonly endings: readonly queue.PlacesEnded[];
  readonly statements: number;
}

/**
 * The queue's schema, migrated, in a database of its own, and its handlers on it without the engine around. The test
 * holds the clock.
 */
export class QueueDatabase {
  now = new Date('2026-11-23T12:00:00.000Z');
  private readonly rooms = new WaitingRoomStore();
  private counts = 0;
  private readonly snapshots = new SnapshotStore();
  /** Set anew by a test that must know them. */
  seeds: Seeds = new Seeds();

  private constructor(
    readonly dataSource: DataSource,
    private readonly dropDatabase: () => Promise<void>,
    readonly settings: QueueSettings,
  ) {}

  /** Takes an empty database over: `drop` drops it. */
  static async in(
    database: { adminUrl: string; drop(): Promise<void> },
    changed: Partial<QueueSettings> = {},
  ): Promise<QueueDatabase> {
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query('create schema queue');
    await admin.end();
    const options = databaseOptions({ schema: 'queue', url: database.adminUrl, poolSize: 4, entities: [] });
    const dataSource = await new DataSource({ ...options, migrations }).initialize();
    await dataSource.runMigrations();
    return new QueueDatabase(dataSource, () => database.drop(), { ...settings, ...changed });
  }

  pass(seconds: number): void {
    this.now = secondsAfter(this.now, seconds);
  }

  /** Handles one batch in a transaction, with other settings where the test gives them. */
  async handle(commands: readonly QueueCommand[], changed: Partial<QueueSettings> = {}): Promise<Handled> {
    return this.inTransaction((tx) => this.fold(tx, commands, changed));
  }

  async fold(tx: Transaction, commands: readonly QueueCommand[], changed: Partial<QueueSettings>): Promise<Handled> {
    const loader = new LineLoader(this.rooms, new PlaceStore(), new TickStore(), new PurgeStore(), this.snapshots);
    const handler = new QueueCommandsHandler(loader, this.seeds, { ...this.settings, ...changed });
    const lines = await handler.load(commands, tx);
    const context = { now: tx.now, newId: () => uuidv7() };
    const decisions = commands.map((command) => handler.decide(lines, command, context));
    const sent = await handler.save(lines, tx);
    return {
      decisions,
      ...sortedOut(sent),
      statements: tx.statements,
    };
  }

  /** A concert with an open waiting room; returns its id. */
  async open(salesOpenAt: Date | null = null): Promise<string> {
    const concertId = uuidv7();
    await this.created(concertId, salesOpenAt);
    return concertId;
  }

  /** Handles a ConcertCreated. */
  async created(concertId: string, salesOpenAt: Date | null = null): Promise<Decision> {
    const event = aMessage(concert.concertCreated, {
      concertId,
      title: 'Orchids',
      artist: null,
      venue: null,
      timeZone: 'Asia/Seoul',
      salesOpenAt: salesOpenAt?.toISOString() ?? null,
      salesCloseAt: null,
    });
    return (await this.handleEvents([event]))[0]!;
  }

  /** Handles SeatsCounted of schedules, by default each the newest so far. */
  async counted(
    ...counts: (Pick<concert.SeatsCounted, 'concertId' | 'scheduleId' | 'seatsLeft'> & Partial<concert.SeatsCounted>)[]
  ): Promise<void> {
    const events = counts.map((count) => {
      this.counts += 1;
      return aMessage(concert.seatsCounted, { version: this.counts, seatsSold: 0, buyers: 0, ...count });
    });
    await this.handleEvents(events);
  }

  private handleEvents(events: readonly ConcertEvent[]): Promise<Decision[]> {
    const handler = new ConcertEventsHandler(this.rooms, new StockStore(), this.seeds, this.settings);
    return this.inTransaction(async (tx) => {
      const rooms = await handler.load(events, tx);
      const context = { now: tx.now, newId: () => uuidv7() };
      const decisions = events.map((event) => handler.decide(rooms, event, context));
      await handler.save(rooms, tx);
      return decisions;
    });
  }

  /** Runs a timer once. */
  run(timer: Timer): Promise<Due> {
    return this.inTransaction((tx) => timer.find(tx));
  }

  query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(sql, values);
  }

  queries(): QueueQueries {
    return new QueueQueries(this.dataSource, this.snapshots, this.settings);
  }

  /** Fills the end of the line with `count` live places of users nobody asks for. */
  async fill(concertId: string, count: number, leaseSeconds = 900): Promise<void> {
    await this.query(
      `with room as (
         update waiting_room set last_number = last_number + $2 where concert_id = $1
         returning generation, last_number - $2 as before
       )
       insert into place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until)
       select $1, generation, before + n, gen_random_uuid(), 'filler-' || (before + n), 'WAITING', $3,
              $3::timestamptz + $4 * interval '1 second'
       from room, generate_series(1, $2) n order by n`,
      [concertId, count, this.now, leaseSeconds],
    );
  }

  async drop(): Promise<void> {
    await this.dataSource.destroy();
    await this.dropDatabase();
  }

  private inTransaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return inTransaction(this.dataSource, (tx) => {
      tx.now = this.now;
      return work(tx);
    });
  }
}

export function commandsIn(sent: readonly Outgoing[]): string[] {
  return sent.map(({ contract, payload }) => `${contract.type} ${(payload as { concertId: string }).concertId}`);
}
