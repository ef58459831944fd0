import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Health, type SettingsOf } from '#service';
import { DataSource } from 'typeorm';
import { KafkaClient } from './kafka/kafka.js';
import { MessagingRuntime } from './messaging.runtime.js';
import { OperationsController } from './operations/operations.controller.js';
import { OperationsQueries } from './operations/operations.queries.js';
import type { kafkaSettings } from './settings.js';
import type { Timer } from './handling/timer.js';
import { BatchTransport } from './handling/transport.js';

export interface MessagingOptions {
  readonly service: string;
  readonly settings: SettingsOf<typeof kafkaSettings> & { readonly INSTANCE_ID: string };
  /** Classes that the service's own module provides. */
  readonly timers?: readonly Type<Timer>[];
}

/** Everything a service needs to take part: its batch transport, outbox, timers, and what operators ask it. */
@Module({})
export class MessagingModule {
  static register({ service, settings, timers = [] }: MessagingOptions): DynamicModule {
    return {
      module: MessagingModule,
      controllers: [OperationsController],
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
        OperationsQueries,
      ],
      exports: [BatchTransport],
    };
  }
}

/** Connects the application's batch handlers; they start with `startAllMicroservices`. */
export function connectBatches(app: NestFastifyApplication): void {
  app.connectMicroservice({ strategy: app.get(BatchTransport, { strict: false }) });
}
