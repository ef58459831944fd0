import { Socket } from 'node:net';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import pg from 'pg';
import type { EntitySchema, MixedList } from 'typeorm';
import { DatabaseCondition } from './database-condition.js';
import { UnavailableFilter } from './unavailable.filter.js';

export interface DatabaseOptions {
  /** The schema the service owns: its role can see no other. */
  readonly schema: string;
  readonly url: string;
  readonly poolSize: number;
  readonly entities: MixedList<Function | EntitySchema>;
}

const int8 = 20;

/**
 * The server ends a statement, a wait for a lock and an idle transaction within 15 s, and the pool an idle connection
 * within 10: one on which nothing is said for longer leads to a server that is frozen or gone.
 */
const silenceMs = 17_000;

/** Without it a query to a frozen server would wait for ever: that one's system still answers keepalives. */
function impatientSocket(): Socket {
  const socket = new Socket();
  const silent = Object.assign(new Error(`the database says nothing for ${silenceMs} ms`), { code: 'ETIMEDOUT' });
  return socket.setTimeout(silenceMs, () => socket.destroy(silent));
}

/** Connection options of a service's pool; also what tests and tools connect with. */
export function databaseOptions({ schema, url, poolSize, entities }: DatabaseOptions): TypeOrmModuleOptions & {
  type: 'postgres';
} {
  return {
    type: 'postgres',
    url,
    schema,
    entities,
    synchronize: false,
    poolSize,
    connectTimeoutMS: 5_000,
    applicationName: schema,
    extra: {
      stream: impatientSocket,
      // A statement is sent without waiting for the answers to those before it, and executed after them.
      pipeline: true,
      // And a host that is gone must not be waited for: the system's default is to ask after two hours of silence.
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      // A dead host must not hold a lane's lock for hours, nor a waiter wait past the consumer's session.
      options: [
        `search_path=${schema}`,
        'idle_in_transaction_session_timeout=15000',
        'lock_timeout=3000',
        'statement_timeout=15000',
        'tcp_keepalives_idle=5',
        'tcp_keepalives_interval=2',
        'tcp_keepalives_count=3',
        // Batch statements take arrays of very different lengths: a generic plan is the wrong one (10 % at 500 a batch).
        'plan_cache_mode=force_custom_plan',
      ]
        .map((option) => `-c ${option}`)
        .join(' '),
      types: {
        getTypeParser: (oid: number, format?: 'text') =>
          oid === int8 ? (value: string) => BigInt(value) : pg.types.getTypeParser(oid, format),
      },
    },
  };
}

/** The service's own schema through TypeORM. A database that is down is waited for at the start, and later answered 503. */
@Module({})
export class DatabaseModule {
  static register(options: DatabaseOptions): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [TypeOrmModule.forRoot({ ...databaseOptions(options), retryAttempts: 1_000, retryDelay: 1_000 })],
      providers: [DatabaseCondition, { provide: APP_FILTER, useClass: UnavailableFilter }],
      exports: [TypeOrmModule],
    };
  }
}
