import { kafkaSettings } from '#messaging';
import { databaseSettings, integer, processSettings, setting, type Settings, type SettingsOf } from '#service';

export const reservationSettings = {
  ...processSettings,
  ...databaseSettings,
  ...kafkaSettings,
  RESERVATION_SWEEP_MS: setting(integer(100, 3_600_000), 'between two sweeps of holds that have ended, ms', '60000'),
  PAYMENT_DEADLINE_SECONDS: setting(
    integer(1, 3_600),
    'time a payment or a cancellation has before it turns back; as long again until it waits for an operator, s',
    '60',
  ),
} as const satisfies Settings;

export type ReservationSettings = SettingsOf<typeof reservationSettings>;
