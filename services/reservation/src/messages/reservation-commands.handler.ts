import { reservation, topics } from '#contracts';
import {
  BatchHandler,
  type Context,
  type Decision,
  done,
  type Handler,
  type MessageOf,
  type ParkedMessage,
  type Transaction,
} from '#messaging';
import { SETTINGS } from '#service';
import { Inject } from '@nestjs/common';
import type { ReservationSettings } from '../config.js';
import { decideOperatorAct } from './act-on-payment.js';
import { decideCancel } from './cancel-reservation.js';
import { cutOffByCommands } from './cut-off.js';
import { decideExpiry } from './expire-reservation.js';
import { PurchaseStore } from './purchase.store.js';
import type { Purchases } from './purchases.js';
import { moveCancellationSaga, movePaymentSaga } from './sagas.js';
import { decideStartPayment } from './start-payment.js';

const accepts = [
  reservation.startPayment,
  reservation.cancelReservation,
  reservation.expireReservation,
  reservation.checkPayment,
  reservation.checkCancellation,
  reservation.retryPayment,
  reservation.compensatePayment,
] as const;
export type ReservationCommand = MessageOf<typeof accepts>;

/** What users, operators and our own timers ask of a reservation. */
@BatchHandler({ topic: topics.reservationCommands, accepts })
export class ReservationCommands implements Handler<Purchases, ReservationCommand> {
  constructor(
    private readonly purchases: PurchaseStore,
    @Inject(SETTINGS) private readonly settings: ReservationSettings,
  ) {}

  load(messages: readonly ReservationCommand[], tx: Transaction): Promise<Purchases> {
    return this.purchases.lock(
      {
        reservationIds: messages.map(({ payload }) => payload.reservationId),
        paymentIds: messages.flatMap((message) =>
          'paymentId' in message.payload && message.type !== reservation.startPayment.type
            ? message.payload.paymentId
            : [],
        ),
        startMessageIds: messages.flatMap((message) =>
          message.type === reservation.startPayment.type && message.repeated ? message.id : [],
        ),
      },
      tx,
    );
  }

  decide(purchases: Purchases, message: ReservationCommand, context: Context): Decision {
    const { PAYMENT_DEADLINE_SECONDS: deadlineSeconds } = this.settings;
    switch (message.type) {
      case reservation.startPayment.type:
        return decideStartPayment(purchases, message, context, deadlineSeconds);
      case reservation.cancelReservation.type:
        return decideCancel(purchases, message, context, deadlineSeconds);
      case reservation.expireReservation.type:
        return decideExpiry(purchases, message, context);
      case reservation.checkPayment.type: {
        const check = { kind: 'check', id: message.id } as const;
        return movePaymentSaga(purchases, message.payload.paymentId, check, context) ?? { outcome: done };
      }
      case reservation.checkCancellation.type: {
        const check = { kind: 'check', id: message.id } as const;
        return moveCancellationSaga(purchases, message.payload.reservationId, check, context) ?? { outcome: done };
      }
      case reservation.retryPayment.type:
        return decideOperatorAct(purchases, 'retry', message, context, deadlineSeconds);
      case reservation.compensatePayment.type:
        return decideOperatorAct(purchases, 'compensate', message, context, deadlineSeconds);
    }
  }

  save(purchases: Purchases, tx: Transaction): Promise<void> {
    return this.purchases.save(purchases, tx);
  }

  onParked(parked: readonly ParkedMessage<ReservationCommand>[], tx: Transaction): Promise<void> {
    return this.purchases.markStuck(cutOffByCommands(parked), tx);
  }
}
