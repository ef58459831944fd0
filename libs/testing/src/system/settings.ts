import { randomBytes } from 'node:crypto';
import type { Role, TestDatabase } from '../databases.js';

export const serviceNames = ['queue', 'concert', 'reservation', 'wallet'] as const satisfies readonly Role[];
export const processNames = [...serviceNames, 'gateway'] as const;
export type ProcessName = (typeof processNames)[number];

export const mainOf = (name: ProcessName) =>
  name === 'gateway' ? 'gateway/src/main.js' : `services/${name}/src/main.js`;

/** Between two activation ticks of a system under test, ms. */
export const tickMs = 500;

/** For tests of what happens when somebody is gone or silent: the default waits, and a dead consumer's session that is short. */
export const promptSettings = { REPLY_WAIT_MS: 3_000, UPSTREAM_TIMEOUT_MS: 2_000, KAFKA_SESSION_MS: 2_500 } as const;

/**
 * What every process of one system under test gets. The queue's tick is quicker than in production, where waiting proves
 * nothing; the waits for others are longer, so that a machine that stalls for some seconds fails no test that is not about them.
 * Everything else is the default, and `settings` of `startSystem` change any of it.
 */
export function sharedSettings(brokers: readonly string[], prefix: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    AUTH_MODE: 'dev',
    DEV_AUTH_KEY: randomBytes(32).toString('base64url'),
    QUEUE_TOKEN_KEYS: `k1:${randomBytes(32).toString('base64url')}`,
    KAFKA_BROKERS: brokers.join(','),
    KAFKA_PREFIX: prefix,
    KAFKA_SESSION_MS: '10000',
    REPLY_WAIT_MS: '15000',
    UPSTREAM_TIMEOUT_MS: '15000',
    QUEUE_TICK_MS: String(tickMs),
  };
}

/** The settings that only one kind of process has: a service its database, the gateway where the services are. */
export function settingsOf(
  name: ProcessName,
  database: TestDatabase,
  urlOf: (service: Role) => string,
): Record<string, string> {
  if (name !== 'gateway') return { DATABASE_URL: database.url(name) };
  return Object.fromEntries(serviceNames.map((service) => [`${service.toUpperCase()}_URL`, urlOf(service)]));
}
