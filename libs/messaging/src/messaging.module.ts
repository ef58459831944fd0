import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Health, type SettingsOf } from '#service';
import { DataSource } from 'typeorm';
import { KafkaClient } from './kafka.js';
import { MessagingRuntime } from './messaging.runtime.js';
import type { kafkaSettings } from './settings.js';
import type { Timer } from './timer.js';
import { BatchTransport } from './transport.js';

export interface MessagingOptions {
  readonly service: string;
  readonly settings: SettingsOf<typeof kafkaSettings> & { readonly INSTANCE_ID: string };
  /** Classes that the service's own module provides. */
  readonly timers?: readonly Type<Timer>[];
}

/** Everything a service needs to take part: its batch transport, outbox and timers. */
@Module({})
export class MessagingModule {
  static register({ service, settings, timers = [] }: MessagingOptions): DynamicModule {
    return {
      module: MessagingModule,
      providers: [
        {
          provide: MessagingRuntime,
          inject: [DataSource, ModuleRef, Health],
          useFactory: (dataSource: DataSource, moduleRef: ModuleRef, health: Health) => {
            const kafka = new KafkaClient({
              brokers: settings.KAFKA_BROKERS,
              prefix: settings.KAFKA_PREFIX,
              sessionMs: settings.KAFKA_SESSION_MS,
              clientId: `${service}-${settings.INSTANCE_ID}`,
            });
            const own = () => timers.map((timer) => moduleRef.get<Timer>(timer, { strict: false }));
            const runtime = new MessagingRuntime(service, dataSource, kafka, own);
            health.register('messaging', () => runtime.condition());
            return runtime;
          },
        },
        BatchTransport,
      ],
      exports: [BatchTransport],
    };
  }
}

/** Connects the application's batch handlers; they start with `startAllMicroservices`. */
export function connectBatches(app: NestFastifyApplication): void {
  app.connectMicroservice({ strategy: app.get(BatchTransport, { strict: false }) });
}
