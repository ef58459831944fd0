import { MessagingModule } from '#messaging';
import { DatabaseModule } from '#service';
import { type DynamicModule, Module } from '@nestjs/common';
import type { ReservationSettings } from './config.js';
import { OperatorPaymentController } from './http/operator-payment.controller.js';
import { PaymentController } from './http/payment.controller.js';
import { ReservationController } from './http/reservation.controller.js';
import { CancellationCheckTimer } from './messages/cancellation-check.timer.js';
import { PaymentCheckTimer } from './messages/payment-check.timer.js';
import { PurchaseStore } from './messages/purchase.store.js';
import { ReleaseSweepTimer } from './messages/release-sweep.timer.js';
import { ReservationCommands } from './messages/reservation-commands.handler.js';
import { SagaReplies } from './messages/saga-replies.handler.js';
import { SeatEvents } from './messages/seat-events.handler.js';
import { StuckSagasGauge } from './messages/stuck-sagas.gauge.js';
import { cancellationSchema } from './postgres/cancellation.schema.js';
import { CancellationStore } from './postgres/cancellation.store.js';
import { OperatorPaymentQueries } from './postgres/operator-payment.queries.js';
import { PaymentQueries } from './postgres/payment.queries.js';
import { paymentSchema, timelineSchema } from './postgres/payment.schema.js';
import { PaymentStore } from './postgres/payment.store.js';
import { ReservationQueries } from './postgres/reservation.queries.js';
import { reservationSchema } from './postgres/reservation.schema.js';
import { ReservationStore } from './postgres/reservation.store.js';
import { SweepStore } from './postgres/sweep.store.js';

const timers = [ReleaseSweepTimer, PaymentCheckTimer, CancellationCheckTimer];

/** The one place that wires the service. */
@Module({})
export class ReservationModule {
  static register(settings: ReservationSettings): DynamicModule {
    return {
      module: ReservationModule,
      imports: [
        DatabaseModule.register({
          schema: 'reservation',
          url: settings.DATABASE_URL,
          poolSize: settings.DATABASE_POOL,
          entities: [reservationSchema, paymentSchema, timelineSchema, cancellationSchema],
        }),
        MessagingModule.register({ service: 'reservation', settings, timers }),
      ],
      controllers: [
        ReservationCommands,
        SeatEvents,
        SagaReplies,
        ReservationController,
        PaymentController,
        OperatorPaymentController,
      ],
      providers: [
        PurchaseStore,
        ReservationStore,
        PaymentStore,
        CancellationStore,
        SweepStore,
        ReservationQueries,
        PaymentQueries,
        OperatorPaymentQueries,
        StuckSagasGauge,
        ...timers,
      ],
    };
  }
}
