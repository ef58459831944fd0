import { reservation } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { v7 as newId } from 'uuid';
import { CancellationStore } from '../postgres/cancellation.store.js';
import { CHECK_EVERY_MS, CHECK_PAGE } from './check-pace.js';

/** Finds cancellations of paid reservations with a step overdue. */
@Injectable()
export class CancellationCheckTimer implements Timer {
  readonly name = 'cancellation-check';

  constructor(private readonly cancellations: CancellationStore) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.cancellations.claimDue(CHECK_PAGE, tx);
    const pause = due.length === CHECK_PAGE ? 0 : CHECK_EVERY_MS;
    return {
      send: due.map(({ correlationId, ...payload }) =>
        send(reservation.checkCancellation, newId(), payload, { correlationId }),
      ),
      nextAt: new Date(tx.now.getTime() + pause),
    };
  }
}
