import { Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { v7 as uuidv7 } from 'uuid';
import { after, snapshotSpacingMs } from '../domain/rules.js';
import { TimerStore, timerPage } from '../postgres/timer.store.js';

/** Sends for the snapshots that were held back, once their spacing is over. */
@Injectable()
export class SnapshotTimer implements Timer {
  readonly name = 'snapshot';

  constructor(private readonly timers: TimerStore) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.timers.claimSnapshots(tx);
    const sent = due.map((concertId) => send(queue.publishSnapshot, uuidv7(), { concertId }));
    return { send: sent, nextAt: due.length === timerPage ? tx.now : after(tx.now, snapshotSpacingMs) };
  }
}
