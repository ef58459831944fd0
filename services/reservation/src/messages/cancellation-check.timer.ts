import { reservation } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { newId, SETTINGS } from '#service';
import { Inject, Injectable } from '@nestjs/common';
import type { ReservationSettings } from '../config.js';
import { CancellationStore } from '../postgres/cancellation.store.js';
import { CHECK_PAGE, checkEveryMs } from './check-pace.js';

/** Finds cancellations of paid reservations with a step overdue. */
@Injectable()
export class CancellationCheckTimer implements Timer {
  readonly name = 'cancellation-check';

  constructor(
    private readonly cancellations: CancellationStore,
    @Inject(SETTINGS) private readonly settings: Pick<ReservationSettings, 'PAYMENT_DEADLINE_SECONDS'>,
  ) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.cancellations.claimDue(CHECK_PAGE, tx);
    const pause = due.length === CHECK_PAGE ? 0 : checkEveryMs(this.settings.PAYMENT_DEADLINE_SECONDS);
    return {
      send: due.map(({ correlationId, ...payload }) =>
        send(reservation.checkCancellation, newId(), payload, { correlationId }),
      ),
      nextAt: new Date(tx.now.getTime() + pause),
    };
  }
}
