import { Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { newId } from '#service';
import { after, laterOf } from '../domain/rules.js';
import { TimerStore, timerPage } from '../postgres/timer.store.js';

export const snapshotTimer = 'snapshot';

/** Batches that hold a snapshot back wake the timer; this is for the ones that died before they could. */
const lookAgainMs = 5_000;

/** A batch holds a room for some ten milliseconds. */
const heldRoomMs = 50;

/** Sends for the snapshots that were held back, once their spacing is over. */
@Injectable()
export class SnapshotTimer implements Timer {
  readonly name = snapshotTimer;

  constructor(private readonly timers: TimerStore) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.timers.claimSnapshots(tx);
    const sent = due.map((concertId) => send(queue.publishSnapshot, newId(), { concertId }));
    if (due.length === timerPage) return { send: sent, nextAt: tx.now };
    const latest = after(tx.now, lookAgainMs);
    const next = await this.timers.nextSnapshot(tx);
    const soonest = after(tx.now, heldRoomMs);
    return { send: sent, nextAt: next !== null && next < latest ? laterOf(next, soonest) : latest };
  }
}
