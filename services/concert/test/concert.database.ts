import pg from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { concert } from '#contracts';
import { inTransaction, type Outcome, type Transaction } from '#messaging';
import { databaseOptions } from '#service';
import type { ConcertSettings } from '../src/config.js';
import type { ConcertCommand } from '../src/messages/accepted.js';
import { ConcertCommands } from '../src/messages/concert-commands.js';
import { InventoryLoader } from '../src/messages/inventory-loader.js';
import { CatalogueStore } from '../src/postgres/catalogue.store.js';
import { ClaimStore } from '../src/postgres/claim.store.js';
import { ConfirmationStore } from '../src/postgres/confirmation.store.js';
import { entities } from '../src/postgres/entities.js';
import { migrations } from '../src/postgres/migrations/index.js';
import { SeatStore } from '../src/postgres/seat.store.js';
import { StockStore } from '../src/postgres/stock.store.js';
import { aCommand } from './command.builders.js';

export const settings = { HOLD_SECONDS: 300, TICKET_LIMIT: 4, CURRENCY: 'KRW' } as ConcertSettings;

export interface Show {
  readonly concertId: string;
  readonly scheduleId: string;
  /** In the order of sections and positions. */
  readonly seatIds: readonly string[];
}

export interface Handled {
  readonly outcomes: Outcome[];
  /** What was counted at the end of the batch. */
  readonly counts: concert.SeatsCounted[];
  readonly statements: number;
}

type Block = { section: string; rows: number; seatsPerRow: number; price: number };

/** The concert schema, migrated, in a database of its own, and the commands' handler on it without the engine around. */
export class ConcertDatabase {
  private readonly handler: ConcertCommands;

  private constructor(
    readonly dataSource: DataSource,
    private readonly dropDatabase: () => Promise<void>,
  ) {
    const stores = [new CatalogueStore(), new SeatStore(), new ClaimStore(), new ConfirmationStore()] as const;
    this.handler = new ConcertCommands(new InventoryLoader(...stores), ...stores, new StockStore(), settings);
  }

  /** Takes an empty database over: `drop` drops it. */
  static async in(database: { adminUrl: string; drop(): Promise<void> }): Promise<ConcertDatabase> {
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query('create schema concert');
    await admin.end();
    const options = databaseOptions({ schema: 'concert', url: database.adminUrl, poolSize: 4, entities });
    const dataSource = await new DataSource({ ...options, migrations }).initialize();
    await dataSource.runMigrations();
    return new ConcertDatabase(dataSource, () => database.drop());
  }

  /** Loads, folds and saves one batch in a transaction; `now` is the database's clock plus `later` seconds. */
  async handle(commands: readonly ConcertCommand[], later = 0): Promise<Handled> {
    return inTransaction(this.dataSource, (tx) => this.fold(tx, commands, later));
  }

  /** The same in a transaction that is yet to be committed. */
  async fold(tx: Transaction, commands: readonly ConcertCommand[], later = 0): Promise<Handled> {
    const clock = `select clock_timestamp()::timestamptz(3) + make_interval(secs => $1) as now`;
    [{ now: tx.now }] = await tx.manager.query<[{ now: Date }]>(clock, [later]);
    const inventory = await this.handler.load(commands, tx);
    const context = { now: tx.now, newId: () => uuidv7() };
    const outcomes = commands.map((command) => this.handler.decide(inventory, command, context).outcome);
    const sent = await this.handler.save(inventory, tx);
    return { outcomes, counts: sent.map(({ payload }) => payload as concert.SeatsCounted), statements: tx.statements };
  }

  query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(sql, values);
  }

  /** A concert with one date of these blocks; ten seats at 1000 when none are given. */
  async aShow(blocks: Block[] = [{ section: 'A', rows: 2, seatsPerRow: 5, price: 1_000 }]): Promise<Show> {
    const [concertId, scheduleId] = [uuidv7(), uuidv7()];
    await this.handle([aConcert(concertId), aSchedule(concertId, scheduleId, blocks)]);
    return { concertId, scheduleId, seatIds: await this.seatIdsOf(scheduleId) };
  }

  async seatIdsOf(scheduleId: string): Promise<string[]> {
    const inOrder = 'select id from seat where schedule_id = $1 order by section, position';
    return (await this.query<{ id: string }>(inOrder, [scheduleId])).map(({ id }) => id);
  }

  async drop(): Promise<void> {
    await this.dataSource.destroy();
    await this.dropDatabase();
  }
}

export function aConcert(concertId = uuidv7(), title = 'Winter Tour'): ConcertCommand {
  const sales = { salesOpenAt: '2026-01-01T00:00:00.000Z', salesCloseAt: null };
  return aCommand(concert.createConcert, { concertId, title, artist: null, venue: 'Hall', timeZone: 'UTC', ...sales });
}

export const aSchedule = (
  concertId: string,
  scheduleId = uuidv7(),
  blocks: Block[] = [],
  startsAt = '2026-12-24T10:00:00.000Z',
) => aCommand(concert.createSchedule, { scheduleId, concertId, startsAt, blocks });

export const aHold = (show: Show, seatIds: string[], { userId = 'ada', reservationId = uuidv7() } = {}) =>
  aCommand(concert.holdSeats, {
    scheduleId: show.scheduleId,
    concertId: show.concertId,
    reservationId,
    userId,
    seatIds,
  });

/** What became of a command, in a word: a rejection's code, or the kind of its outcome. */
export const wordOf = (outcome: Outcome | undefined) => (outcome?.kind === 'rejected' ? outcome.code : outcome?.kind);
