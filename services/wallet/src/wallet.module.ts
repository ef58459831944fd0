import { type DynamicModule, Module } from '@nestjs/common';
import { MessagingModule } from '#messaging';
import { DatabaseModule } from '#service';
import type { WalletSettings } from './config.js';
import { WalletController } from './http/wallet.controller.js';
import { WalletHandler } from './messages/wallet.handler.js';
import { EntryRow, TransferRow, WalletRow } from './postgres/entities.js';
import { LedgerStore } from './postgres/ledger.store.js';
import { WalletQueries } from './postgres/wallet.queries.js';

@Module({})
export class WalletModule {
  static register(settings: WalletSettings): DynamicModule {
    return {
      module: WalletModule,
      imports: [
        DatabaseModule.register({
          schema: 'wallet',
          url: settings.DATABASE_URL,
          poolSize: settings.DATABASE_POOL,
          entities: [WalletRow, TransferRow, EntryRow],
        }),
        MessagingModule.register({ service: 'wallet', settings }),
      ],
      controllers: [WalletHandler, WalletController],
      providers: [LedgerStore, WalletQueries],
    };
  }
}
