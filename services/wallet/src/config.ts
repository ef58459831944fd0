import { z } from 'zod';
import { kafkaSettings } from '#messaging';
import { databaseSettings, integer, processSettings, setting, type Settings, type SettingsOf } from '#service';

export const walletSettings = {
  ...processSettings,
  ...databaseSettings,
  ...kafkaSettings,
  CURRENCY: setting(z.string().regex(/^[A-Z]{3}$/), 'ISO 4217 code of every amount', 'KRW'),
  WALLET_MAX_BALANCE: setting(
    integer(1, 900_000_000_000_000),
    'most a wallet may hold after a top-up, minor units',
    '1000000000000',
  ),
} as const satisfies Settings;

export type WalletSettings = SettingsOf<typeof walletSettings>;
