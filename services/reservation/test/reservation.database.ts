import { type Decision, type Handler, inTransaction, type Timer, type Transaction } from '#messaging';
import { databaseOptions } from '#service';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { PurchaseStore } from '../src/messages/purchase.store.js';
import { ReservationCommands } from '../src/messages/reservation-commands.handler.js';
import { SagaReplies } from '../src/messages/saga-replies.handler.js';
import { SeatEvents } from '../src/messages/seat-events.handler.js';
import { cancellationSchema } from '../src/postgres/cancellation.schema.js';
import { CancellationStore } from '../src/postgres/cancellation.store.js';
import { migrations } from '../src/postgres/migrations/index.js';
import { paymentSchema, timelineSchema } from '../src/postgres/payment.schema.js';
import { PaymentStore } from '../src/postgres/payment.store.js';
import { reservationSchema } from '../src/postgres/reservation.schema.js';
import { ReservationStore } from '../src/postgres/reservation.store.js';

/** The service's schema, migrated, in a database of its own, and its handlers on it without the engine around. */
export class ReservationDatabase {
  readonly reservations = new ReservationStore();
  readonly payments = new PaymentStore();
  readonly cancellations = new CancellationStore();
  readonly purchases = new PurchaseStore(this.reservations, this.payments, this.cancellations);
  readonly commands = new ReservationCommands(this.purchases, { PAYMENT_DEADLINE_SECONDS: 60 } as never);
  readonly replies = new SagaReplies(this.purchases);
  readonly events = new SeatEvents(this.reservations);

  private constructor(
    readonly dataSource: DataSource,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  /** Takes an empty database over: `drop` drops it. */
  static async in(database: { adminUrl: string; drop(): Promise<void> }): Promise<ReservationDatabase> {
    const admin = new pg.Client({ connectionString: database.adminUrl });
    await admin.connect();
    await admin.query('create schema reservation');
    await admin.end();
    const entities = [reservationSchema, paymentSchema, timelineSchema, cancellationSchema];
    const options = databaseOptions({ schema: 'reservation', url: database.adminUrl, poolSize: 4, entities });
    const dataSource = await new DataSource({ ...options, migrations }).initialize();
    await dataSource.runMigrations({ transaction: 'each' });
    return new ReservationDatabase(dataSource, () => database.drop());
  }

  /** Loads, folds and saves one batch in a transaction; `now` is the database's clock unless given. */
  async handle<State, Incoming>(
    handler: Handler<State, Incoming>,
    messages: readonly Incoming[],
    now?: Date,
  ): Promise<{ decisions: Decision[]; statements: number }> {
    return inTransaction(this.dataSource, async (tx) => {
      tx.now = now ?? (await clock(tx));
      const state = await handler.load(messages, tx);
      const context = { now: tx.now, newId: () => uuidv7() };
      const decisions = messages.map((message) => handler.decide(state, message, context));
      await handler.save(state, tx);
      return { decisions, statements: tx.statements };
    });
  }

  /** One run of a timer. */
  find(timer: Timer, now: Date) {
    return inTransaction(this.dataSource, (tx) => {
      tx.now = now;
      return timer.find(tx);
    });
  }

  query<Row>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(sql, values);
  }

  async drop(): Promise<void> {
    await this.dataSource.destroy();
    await this.dropDatabase();
  }
}

async function clock(tx: Transaction): Promise<Date> {
  const [{ now }] = await tx.manager.query<[{ now: Date }]>('select clock_timestamp()::timestamptz(3) as now');
  return now;
}
