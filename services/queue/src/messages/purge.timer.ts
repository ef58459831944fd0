import { Inject, Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { newId, SETTINGS } from '#service';
import type { QueueSettings } from '../config.js';
import { after } from '../domain/rules.js';
import { TimerStore, timerPage } from '../postgres/timer.store.js';

const longestSleepMs = 60_000;

/** Sends a purge to every room that has places, once in each period. */
@Injectable()
export class PurgeTimer implements Timer {
  readonly name = 'purge';

  constructor(
    private readonly timers: TimerStore,
    @Inject(SETTINGS) private readonly settings: Pick<QueueSettings, 'QUEUE_PURGE_MS'>,
  ) {}

  async find(tx: Transaction): Promise<Due> {
    const periodMs = this.settings.QUEUE_PURGE_MS;
    const due = await this.timers.claimPurges(after(tx.now, -periodMs), tx);
    const sent = due
      .filter(({ hasPlaces }) => hasPlaces)
      .map(({ concertId }) => send(queue.purgePlaces, newId(), { concertId }));
    const nextAt = due.length === timerPage ? tx.now : after(tx.now, Math.min(periodMs, longestSleepMs));
    return { send: sent, nextAt };
  }
}
