import { reservation } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { v7 as newId } from 'uuid';
import { PaymentStore } from '../postgres/payment.store.js';
import { CHECK_EVERY_MS, CHECK_PAGE } from './check-pace.js';

/** Finds payments with a step overdue or a deadline passed. */
@Injectable()
export class PaymentCheckTimer implements Timer {
  readonly name = 'payment-check';

  constructor(private readonly payments: PaymentStore) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.payments.claimDue(CHECK_PAGE, tx);
    const pause = due.length === CHECK_PAGE ? 0 : CHECK_EVERY_MS;
    return {
      send: due.map(({ correlationId, ...payload }) =>
        send(reservation.checkPayment, newId(), payload, { correlationId }),
      ),
      nextAt: new Date(tx.now.getTime() + pause),
    };
  }
}
