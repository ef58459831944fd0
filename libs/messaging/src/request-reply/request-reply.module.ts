import {
  type OnApplicationShutdown,
  type DynamicModule,
  Injectable,
  Module,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { type MessageContract, type Topic, topics } from '#contracts';
import { Health, integer, setting, type Settings, type SettingsOf } from '#service';
import type { Producer } from 'kafkajs';
import { CommandBus } from './command-bus.js';
import { EndingFeed, type Feed, SnapshotFeed } from './feeds.js';
import { KafkaClient } from '../kafka/kafka.js';
import { Reader } from '../kafka/reader.js';
import { KafkaCommandBus } from './request-reply.js';
import type { kafkaSettings } from '../settings.js';

export const requestReplySettings = {
  REPLY_WAIT_MS: setting(integer(100, 30_000), 'longest wait for the reply to a command, ms', '3000'),
  IN_FLIGHT_MAX: setting(integer(1, 100_000), 'most commands waiting for a reply in this process', '5000'),
} as const satisfies Settings;

/** Snapshots show what ended in the time that a verdict needs; further back it is only the reason that is told. */
const endingsReadBackMs = 60 * 60 * 1000;

export interface RequestReplyModuleOptions {
  readonly settings: SettingsOf<typeof kafkaSettings & typeof requestReplySettings> & { readonly INSTANCE_ID: string };
}

@Injectable()
class RequestReplyConnections implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly producer: Producer;
  private readonly replies: Reader;
  private readonly snapshots: Reader;
  private readonly endings: Reader;
  readonly bus: KafkaCommandBus;
  readonly snapshotFeed = new SnapshotFeed();
  readonly endingFeed = new EndingFeed();

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
    this.snapshots = readerOf(kafka, topics.queueSnapshots, 'beginning', this.snapshotFeed);
    this.endings = readerOf(kafka, topics.queueEvents, endingsReadBackMs, this.endingFeed);
    health.register('replies', () => this.replies.condition());
    health.register('queue snapshots', () => this.snapshots.condition());
    health.register('queue events', () => this.endings.condition());
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([this.producer.connect(), this.replies.start(), this.snapshots.start(), this.endings.start()]);
  }

  /** Nest calls this after the HTTP server has closed: requests that were open still needed their replies. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.replies.stop(), this.snapshots.stop(), this.endings.stop()]);
    await this.producer.disconnect();
  }
}

/** All partitions of a topic, for this process alone. */
function readerOf<C extends MessageContract>(
  kafka: KafkaClient,
  { name, partitions }: Topic,
  from: 'beginning' | number,
  feed: Feed<C>,
): Reader {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  return new Reader({ kafka, topic: name, partitions: all, from, onRecord: (record) => feed.onRecord(record) });
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
          useFactory: ({ snapshotFeed }: RequestReplyConnections) => snapshotFeed,
        },
        {
          provide: EndingFeed,
          inject: [RequestReplyConnections],
          useFactory: ({ endingFeed }: RequestReplyConnections) => endingFeed,
        },
      ],
      exports: [CommandBus, SnapshotFeed, EndingFeed],
    };
  }
}
