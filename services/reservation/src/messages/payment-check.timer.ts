import { reservation } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { newId, SETTINGS } from '#service';
import { Inject, Injectable } from '@nestjs/common';
import type { ReservationSettings } from '../config.js';
import { PaymentStore } from '../postgres/payment.store.js';
import { CHECK_PAGE, checkEveryMs } from './check-pace.js';

/** Finds payments with a step overdue or a deadline passed. */
@Injectable()
export class PaymentCheckTimer implements Timer {
  readonly name = 'payment-check';

  constructor(
    private readonly payments: PaymentStore,
    @Inject(SETTINGS) private readonly settings: Pick<ReservationSettings, 'PAYMENT_DEADLINE_SECONDS'>,
  ) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.payments.claimDue(CHECK_PAGE, tx);
    const pause = due.length === CHECK_PAGE ? 0 : checkEveryMs(this.settings.PAYMENT_DEADLINE_SECONDS);
    return {
      send: due.map(({ correlationId, ...payload }) =>
        send(reservation.checkPayment, newId(), payload, { correlationId }),
      ),
      nextAt: new Date(tx.now.getTime() + pause),
    };
  }
}
