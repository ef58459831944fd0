import { kafkaSettings } from '#messaging';
import { databaseSettings, integer, processSettings, setting, type Settings, type SettingsOf } from '#service';
import { z } from 'zod';
import type { QueueRules } from './domain/rules.js';

const integerOrNone = z.union([z.literal('none').transform(() => null), integer(1, 10_000_000)]);

export const queueSettings = {
  ...processSettings,
  ...databaseSettings,
  ...kafkaSettings,
  QUEUE_TICK_MS: setting(integer(100, 3_600_000), 'least time between two activation ticks of a concert, ms', '5000'),
  QUEUE_ACTIVATION_BATCH: setting(integer(1, 100_000), 'most places a tick makes active', '1000'),
  QUEUE_MAX_ACTIVE: setting(integerOrNone, 'most active places of a concert at once, or none for no limit', 'none'),
  QUEUE_TOKEN_TTL_SECONDS: setting(integer(1, 86_400), 'length of a pass and of a waiting token, s', '600'),
  QUEUE_PURGE_MS: setting(integer(100, 86_400_000), 'time between two purges of finished places, ms', '600000'),
  HOLD_SECONDS: setting(integer(1, 86_400), 'how long after its end a pass may still pay for a hold, s', '300'),
} as const satisfies Settings;
export type QueueSettings = SettingsOf<typeof queueSettings>;

/** The settings in the domain's words and units. */
export function rulesFrom(settings: QueueSettings): QueueRules {
  return {
    tokenTtlMs: settings.QUEUE_TOKEN_TTL_SECONDS * 1_000,
    latePaymentMs: settings.HOLD_SECONDS * 1_000,
    tickMs: settings.QUEUE_TICK_MS,
    activationBatch: settings.QUEUE_ACTIVATION_BATCH,
    maxActive: settings.QUEUE_MAX_ACTIVE,
  };
}
