import { MessagingModule } from '#messaging';
import { DatabaseModule } from '#service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { ConcertSettings } from './config.js';
import { ConcertsController } from './http/concerts.controller.js';
import { SeatsController } from './http/seats.controller.js';
import { ConcertCommands } from './messages/concert-commands.js';
import { InventoryLoader } from './messages/inventory-loader.js';
import { StockTimer } from './messages/stock.timer.js';
import { CatalogueQueries } from './postgres/catalogue.queries.js';
import { CatalogueStore } from './postgres/catalogue.store.js';
import { ClaimStore } from './postgres/claim.store.js';
import { ConfirmationStore } from './postgres/confirmation.store.js';
import { entities } from './postgres/entities.js';
import { SeatQueries } from './postgres/seat.queries.js';
import { SeatStore } from './postgres/seat.store.js';
import { StockStore } from './postgres/stock.store.js';

/** The only file that wires the concert service together. */
@Module({})
export class ConcertModule {
  static register(settings: ConcertSettings): DynamicModule {
    return {
      module: ConcertModule,
      imports: [
        DatabaseModule.register({
          schema: 'concert',
          url: settings.DATABASE_URL,
          poolSize: settings.DATABASE_POOL,
          entities,
        }),
        MessagingModule.register({ service: 'concert', settings, timers: [StockTimer] }),
      ],
      controllers: [ConcertCommands, ConcertsController, SeatsController],
      providers: [
        InventoryLoader,
        CatalogueStore,
        SeatStore,
        ClaimStore,
        ConfirmationStore,
        StockStore,
        StockTimer,
        CatalogueQueries,
        SeatQueries,
      ],
    };
  }
}
