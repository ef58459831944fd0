import { kafkaSettings } from '#messaging';
import { databaseSettings, integer, processSettings, setting, type Settings, type SettingsOf } from '#service';
import { z } from 'zod';

/** Every setting of the concert service, once. */
export const concertSettings = {
  ...processSettings,
  ...databaseSettings,
  ...kafkaSettings,
  HOLD_SECONDS: setting(integer(1, 86_400), 'how long seats stay held without a payment, s', '300'),
  TICKET_LIMIT: setting(integer(1, 100), 'most seats that one user may hold or own of one schedule', '4'),
  CURRENCY: setting(z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code'), 'currency of all prices', 'KRW'),
} as const satisfies Settings;

export type ConcertSettings = SettingsOf<typeof concertSettings>;
