import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { MessageContract } from '#contracts';
import { type Asked, CommandBus, type CommandOptions, EndingFeed, SnapshotFeed } from '#messaging';
import { readSettings, SETTINGS } from '#service';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { type GatewaySettings, gatewaySettings } from '../src/config.js';
import { GatewayModule } from '../src/gateway.module.js';
import { configureHttp } from '../src/http/configure.js';
import { serverOptions } from '../src/http/server-options.js';
import { DevIssuer } from '../src/identity/dev-issuer.js';

export interface SentCommand {
  readonly type: string;
  readonly payload: Record<string, unknown>;
  readonly options: CommandOptions;
}

/** Answers commands as the test says, and keeps what was sent. */
export class ScriptedBus extends CommandBus {
  readonly asked: SentCommand[] = [];
  readonly told: SentCommand[] = [];
  answer: (command: SentCommand) => Asked | Promise<Asked> = () => ({ kind: 'pending' });

  override async ask<C extends MessageContract>(contract: C, payload: unknown, options: CommandOptions = {}) {
    const command = sent(contract, payload, options);
    this.asked.push(command);
    return this.answer(command);
  }

  override async tell<C extends MessageContract>(contract: C, payload: unknown, options: CommandOptions = {}) {
    this.told.push(sent(contract, payload, options));
  }
}

function sent(contract: MessageContract, payload: unknown, options: CommandOptions): SentCommand {
  return { type: contract.type, payload: contract.payload.parse(payload) as Record<string, unknown>, options };
}

const environment = {
  QUEUE_URL: 'http://127.0.0.1:9',
  CONCERT_URL: 'http://127.0.0.1:9',
  RESERVATION_URL: 'http://127.0.0.1:9',
  WALLET_URL: 'http://127.0.0.1:9',
  KAFKA_BROKERS: '127.0.0.1:9',
  DEV_AUTH_KEY: 'a key for tests that is long enough',
  QUEUE_TOKEN_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64url')}`,
};

/** The whole gateway but its messaging, in this process. */
export class GatewayUnderTest {
  private constructor(
    readonly app: NestFastifyApplication,
    readonly bus: ScriptedBus,
    readonly feed: SnapshotFeed,
    readonly endings: EndingFeed,
    readonly settings: GatewaySettings,
  ) {}

  static async start(overrides: Record<string, string> = {}): Promise<GatewayUnderTest> {
    const settings = readSettings(gatewaySettings, { ...environment, ...overrides });
    const bus = new ScriptedBus();
    const feed = new SnapshotFeed();
    const endings = new EndingFeed();
    const module = GatewayModule.register(settings, scriptedMessaging(settings, bus, feed, endings));
    const adapter = new FastifyAdapter(serverOptions(settings));
    const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger: false, bodyParser: false });
    await configureHttp(app, settings);
    await app.init();
    return new GatewayUnderTest(app, bus, feed, endings, settings);
  }

  request(options: InjectOptions): Promise<LightMyRequestResponse> {
    return this.app.getHttpAdapter().getInstance().inject(options) as unknown as Promise<LightMyRequestResponse>;
  }

  async bearer(userId = 'ann', roles: string[] = []): Promise<{ authorization: string }> {
    const { accessToken } = await this.app.get(DevIssuer).signIn(userId, roles, Date.now());
    return { authorization: `Bearer ${accessToken}` };
  }

  async listen(): Promise<number> {
    await this.app.listen(0, '127.0.0.1');
    return Number(new URL(await this.app.getUrl()).port);
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

function scriptedMessaging(
  settings: GatewaySettings,
  bus: CommandBus,
  feed: SnapshotFeed,
  endings: EndingFeed,
): DynamicModule {
  @Module({})
  class ScriptedMessaging {}
  return {
    module: ScriptedMessaging,
    global: true,
    providers: [
      { provide: CommandBus, useValue: bus },
      { provide: SnapshotFeed, useValue: feed },
      { provide: EndingFeed, useValue: endings },
      { provide: SETTINGS, useValue: settings },
    ],
    exports: [CommandBus, SnapshotFeed, EndingFeed, SETTINGS],
  };
}
