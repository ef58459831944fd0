import { type DynamicModule, Module } from '@nestjs/common';
import { ModulesContainer, NestFactory } from '@nestjs/core';
import { groupOf, replayDeadLetter } from '#contracts';
import {
  type Consumer,
  type Handler,
  kafkaSettings,
  MessagingRuntime,
  type Sendable,
  type Subscription,
  tendInbox,
} from '#messaging';
import { Health, readSettings, type Settings, SETTINGS, type SettingsOf } from '#service';
import type { Role, TestDatabase } from '#testing';
import { DataSource } from 'typeorm';
import { ConcertModule } from '../../services/concert/src/concert.module.js';
import { concertSettings } from '../../services/concert/src/config.js';
import { queueSettings } from '../../services/queue/src/config.js';
import { QueueModule } from '../../services/queue/src/queue.module.js';
import { reservationSettings } from '../../services/reservation/src/config.js';
import { ReservationModule } from '../../services/reservation/src/reservation.module.js';
import { walletSettings } from '../../services/wallet/src/config.js';
import { WalletModule } from '../../services/wallet/src/wallet.module.js';
import { Clock } from './clock.js';
import { Interruptible } from './interruptible.js';

/** A service's consumer of one topic. */
export interface Group {
  readonly name: string;
  readonly consumer: Consumer;
  /** Types of messages it takes; null for replies. */
  readonly accepted: ReadonlySet<string> | null;
  readonly handler: Interruptible;
  readonly runtime: MessagingRuntime;
}

/** The four services as their own modules wire them, in this process: all but HTTP, and the broker. */
export class Services {
  private constructor(
    readonly groups: ReadonlyMap<string, Group>,
    readonly runtimes: ReadonlyMap<Role, MessagingRuntime>,
    private readonly stops: readonly (() => Promise<void>)[],
  ) {}

  /** @param send the broker: takes what a service publishes, or throws */
  static async on(database: TestDatabase, send: (rows: readonly Sendable[]) => void): Promise<Services> {
    const started = await Promise.all([
      start(database, send, 'queue', queueSettings, (settings) => QueueModule.register(settings)),
      start(database, send, 'concert', concertSettings, (settings) => ConcertModule.register(settings)),
      start(database, send, 'reservation', reservationSettings, (settings) => ReservationModule.register(settings)),
      start(database, send, 'wallet', walletSettings, (settings) => WalletModule.register(settings)),
    ]);
    return new Services(
      new Map(started.flatMap(({ groups }) => groups.map((group) => [group.name, group]))),
      new Map(started.map(({ name, runtime }) => [name, runtime])),
      started.map(({ stop }) => stop),
    );
  }

  /** Those of all services, by name: a replay is handled by the one that parked the letter. */
  get consumers(): ReadonlyMap<string, Consumer> {
    return new Map([...this.groups.values()].map(({ name, consumer }) => [name, consumer]));
  }

  async stop(): Promise<void> {
    await Promise.all(this.stops.map((stop) => stop()));
  }
}

async function start<S extends Settings & typeof kafkaSettings>(
  database: TestDatabase,
  send: (rows: readonly Sendable[]) => void,
  name: Role,
  settings: S,
  module: (settings: SettingsOf<S>) => DynamicModule,
) {
  await tend(database.url(name), name);
  const url = Clock.urlOf(database.url(name), name);
  const read = readSettings(settings, { DATABASE_URL: url, DATABASE_POOL: '2', PORT: '0', KAFKA_BROKERS: 'none:1' });
  const app = await NestFactory.createApplicationContext(surrounded(module(read), read), {
    logger: false,
    abortOnError: false,
  });
  const runtime = app.get(MessagingRuntime, { strict: false });
  // The broker's place: the only part of a service that is not its own.
  runtime.kafka.send = (_producer, rows) => {
    send(rows);
    return Promise.resolve(rows.map(() => true));
  };
  const handlers = [...app.get(ModulesContainer).values()].flatMap(({ controllers }) =>
    [...controllers.values()].flatMap(({ instance }) => handedOver(instance)),
  );
  const groups = handlers.map(({ handler, subscription: { topic, accepts, parkBehind = true } }): Group => {
    const interruptible = new Interruptible(handler);
    const group = groupOf(topic, name);
    const accepted = accepts ? new Set([...accepts, replayDeadLetter[name]].map(({ type }) => type)) : null;
    return {
      name: group,
      consumer: { name: group, service: name, handler: interruptible, parkBehind, accepted },
      accepted,
      handler: interruptible,
      runtime,
    };
  });
  return { name, groups, runtime, stop: () => app.close() };
}

/** What every process has around its own module. */
function surrounded(root: DynamicModule, settings: unknown): DynamicModule {
  return {
    module: Surroundings,
    global: true,
    imports: [root],
    providers: [Health, { provide: SETTINGS, useValue: settings }],
    exports: [Health, SETTINGS],
  };
}

@Module({})
class Surroundings {}

/** What `@BatchHandler` makes of a class: it hands itself over, with the topic it takes. */
function handedOver(controller: unknown): { handler: Handler<unknown, unknown>; subscription: Subscription }[] {
  const { handle } = controller as { handle?: unknown };
  if (typeof handle !== 'function') return [];
  return [handle.call(controller, (handler: unknown, subscription: unknown) => ({ handler, subscription }))];
}

/** With PostgreSQL's own clock, since ids are drawn by this host's; and before any connection has another. */
async function tend(url: string, schema: string): Promise<void> {
  const dataSource = await new DataSource({
    type: 'postgres',
    url,
    extra: { options: `-c search_path=${schema}` },
  }).initialize();
  await tendInbox(dataSource);
  await dataSource.destroy();
}
