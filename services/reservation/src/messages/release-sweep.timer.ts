import { reservation } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { newId, SETTINGS } from '#service';
import { Inject, Injectable } from '@nestjs/common';
import type { ReservationSettings } from '../config.js';
import { SweepStore } from '../postgres/sweep.store.js';

const PAGE = 500;

/** Finds unpaid reservations whose hold has ended. A full page is followed by the next one at once. */
@Injectable()
export class ReleaseSweepTimer implements Timer {
  readonly name = 'release-sweep';

  constructor(
    private readonly sweep: SweepStore,
    @Inject(SETTINGS) private readonly settings: ReservationSettings,
  ) {}

  async find(tx: Transaction): Promise<Due> {
    const page = await this.sweep.nextPage(this.name, PAGE, tx);
    const pause = page.length === PAGE ? 0 : this.settings.RESERVATION_SWEEP_MS;
    return {
      send: page.map((reservationId) => send(reservation.expireReservation, newId(), { reservationId })),
      nextAt: new Date(tx.now.getTime() + pause),
    };
  }
}
