import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyServerOptions } from 'fastify';
import { Health, HealthController } from './health.js';
import { createLogger } from './logging.js';
import { MetricsController } from './metrics.js';
import { InvalidSettings, readSettings, type Settings, SETTINGS, type SettingsOf } from './settings.js';

/** What every process has: settings by injection, health and metrics. */
@Module({})
class ProcessModule {
  static register(root: DynamicModule, settings: unknown): DynamicModule {
    return {
      module: ProcessModule,
      global: true,
      imports: [root],
      controllers: [HealthController, MetricsController],
      providers: [Health, { provide: SETTINGS, useValue: settings }],
      exports: [Health, SETTINGS],
    };
  }
}

export interface ProcessOptions<S extends Settings> {
  readonly name: string;
  readonly settings: S;
  readonly module: (settings: SettingsOf<S>) => DynamicModule;
  /** Options of the HTTP server. */
  readonly http?: (settings: SettingsOf<S>) => FastifyServerOptions;
  /** Called between creation and listening: transports, pipes, hooks. */
  readonly configure?: (app: NestFastifyApplication, settings: SettingsOf<S>) => Promise<void> | void;
}

/** EX_CONFIG of sysexits.h: starting it again will not help. */
const brokenSettings = 78;

type ProcessEnvironment = { HOST: string; PORT: number; SHUTDOWN_MS: number };

/** Parses the settings, starts the application and stops it in order on SIGTERM, SIGINT or when the launcher is gone. */
export async function runProcess<S extends Settings>(options: ProcessOptions<S>): Promise<void> {
  const logger = createLogger(options.name);
  try {
    const settings = readSettings(options.settings);
    const { HOST, PORT, SHUTDOWN_MS } = settings as unknown as ProcessEnvironment;
    const app = await NestFactory.create<NestFastifyApplication>(
      ProcessModule.register(options.module(settings), settings),
      new FastifyAdapter({ forceCloseConnections: 'idle', ...options.http?.(settings) }),
      { logger, bodyParser: false, abortOnError: false },
    );
    stopOnSignals(app, SHUTDOWN_MS, (message) => logger.log(message));
    exitWhenNotLive(app.get(Health), (message) => logger.fatal(message));
    await options.configure?.(app, settings);
    await app.startAllMicroservices();
    await app.listen(PORT, HOST);
    logger.log(`${options.name} listens on ${await app.getUrl()}`);
  } catch (error) {
    if (error instanceof InvalidSettings) {
      process.stderr.write(`${error.message}\n`);
      process.exit(brokenSettings);
    }
    logger.fatal(error);
    process.exit(1);
  }
}

/** A dead consumer does not come back by waiting: the supervisor starts a fresh process. */
function exitWhenNotLive(health: Health, log: (message: string) => void): void {
  setInterval(() => {
    const { live, parts } = health.report();
    if (live) return;
    log(`not live: ${JSON.stringify(parts)}`);
    process.exit(1);
  }, 1_000).unref();
}

function stopOnSignals(app: NestFastifyApplication, withinMs: number, log: (message: string) => void): void {
  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    log(`stopping: ${reason}`);
    setTimeout(() => process.exit(1), withinMs).unref();
    app.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('disconnect', () => stop('the launcher is gone'));
}
