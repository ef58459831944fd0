import {
  type OnApplicationShutdown,
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { topics } from '#contracts';
import { Health, integer, setting, type Settings, type SettingsOf } from '#service';
import type { Producer } from 'kafkajs';
import { CommandBus } from './command-bus.js';
import { KafkaClient } from './kafka.js';
import { Reader } from './reader.js';
import { KafkaCommandBus } from './request-reply.js';
import type { kafkaSettings } from './settings.js';
import { SnapshotFeed } from './snapshot-feed.js';

export const requestReplySettings = {
  REPLY_WAIT_MS: setting(integer(100, 30_000), 'longest wait for the reply to a command, ms', '3000'),
  IN_FLIGHT_MAX: setting(integer(1, 100_000), 'most commands waiting for a reply in this process', '5000'),
} as const satisfies Settings;

export interface RequestReplyModuleOptions {
  readonly settings: SettingsOf<typeof kafkaSettings & typeof requestReplySettings> & { readonly INSTANCE_ID: string };
}

@Injectable()
class RequestReplyConnections implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly producer: Producer;
  private readonly replies: Reader;
  private readonly snapshots: Reader;
  readonly bus: KafkaCommandBus;
  readonly feed = new SnapshotFeed();

  constructor({ settings }: RequestReplyModuleOptions, health: Health) {
    const kafka = new KafkaClient({
      brokers: settings.KAFKA_BROKERS,
      prefix: settings.KAFKA_PREFIX,
      sessionMs: settings.KAFKA_SESSION_MS,
      clientId: `gateway-${settings.INSTANCE_ID}`,
    });
    // Few retries: the client is told to repeat long before the broker is back.
    this.producer = kafka.producer(3);
    this.bus = new KafkaCommandBus(kafka, this.producer, {
      source: 'gateway',
      instanceId: settings.INSTANCE_ID,
      waitMs: settings.REPLY_WAIT_MS,
      inFlightMax: settings.IN_FLIGHT_MAX,
    });
    this.replies = new Reader({
      kafka,
      topic: topics.gatewayReplies.name,
      partitions: [this.bus.partition],
      from: 'now',
      onRecord: (record) => this.bus.onReply(record),
    });
    this.snapshots = new Reader({
      kafka,
      topic: topics.queueSnapshots.name,
      partitions: Array.from({ length: topics.queueSnapshots.partitions }, (_, partition) => partition),
      from: 'beginning',
      onRecord: (record) => this.feed.onRecord(record),
    });
    health.register('replies', () => this.replies.condition());
    health.register('queue snapshots', () => this.snapshots.condition());
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([this.producer.connect(), this.replies.start(), this.snapshots.start()]);
  }

  /** Nest calls this after the HTTP server has closed: requests that were open still needed their replies. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.replies.stop(), this.snapshots.stop()]);
    await this.producer.disconnect();
  }
}

/** For a gateway: commands with replies, and the replicated view of the waiting rooms. */
@Module({})
export class RequestReplyModule {
  static register(options: RequestReplyModuleOptions): DynamicModule {
    return {
      module: RequestReplyModule,
      global: true,
      providers: [
        {
          provide: RequestReplyConnections,
          inject: [Health],
          useFactory: (health: Health) => new RequestReplyConnections(options, health),
        },
        {
          provide: CommandBus,
          inject: [RequestReplyConnections],
          useFactory: ({ bus }: RequestReplyConnections) => bus,
        },
        {
          provide: SnapshotFeed,
          inject: [RequestReplyConnections],
          useFactory: ({ feed }: RequestReplyConnections) => feed,
        },
      ],
      exports: [CommandBus, SnapshotFeed],
    };
  }
}
