import { type DynamicModule, Module } from '@nestjs/common';
import { MessagingModule } from '#messaging';
import { DatabaseModule } from '#service';
import type { QueueSettings } from './config.js';
import { QueueController } from './http/queue.controller.js';
import { ConcertEventsHandler } from './messages/concert-events.handler.js';
import { CountTimer } from './messages/count.timer.js';
import { LineLoader } from './messages/line-loader.js';
import { PurgeTimer } from './messages/purge.timer.js';
import { QueueCommandsHandler } from './messages/queue-commands.handler.js';
import { Seeds } from './messages/seeds.js';
import { SnapshotTimer } from './messages/snapshot.timer.js';
import { TickTimer } from './messages/tick.timer.js';
import { PlaceStore } from './postgres/place.store.js';
import { PurgeStore } from './postgres/purge.store.js';
import { QueueQueries } from './postgres/queue.queries.js';
import { SnapshotStore } from './postgres/snapshot.store.js';
import { StockStore } from './postgres/stock.store.js';
import { TickStore } from './postgres/tick.store.js';
import { TimerStore } from './postgres/timer.store.js';
import { WaitingRoomStore } from './postgres/waiting-room.store.js';

const stores = [WaitingRoomStore, PlaceStore, TickStore, PurgeStore, SnapshotStore, StockStore, TimerStore];
const timers = [TickTimer, SnapshotTimer, CountTimer, PurgeTimer];

@Module({})
export class QueueModule {
  static register(settings: QueueSettings): DynamicModule {
    return {
      module: QueueModule,
      imports: [
        // Every statement is set-based SQL over a few tables: there is no entity to map.
        DatabaseModule.register({
          schema: 'queue',
          url: settings.DATABASE_URL,
          poolSize: settings.DATABASE_POOL,
          entities: [],
        }),
        MessagingModule.register({ service: 'queue', settings, timers }),
      ],
      controllers: [QueueCommandsHandler, ConcertEventsHandler, QueueController],
      providers: [...stores, ...timers, LineLoader, Seeds, QueueQueries],
    };
  }
}
