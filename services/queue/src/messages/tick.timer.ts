import { Injectable } from '@nestjs/common';
import { queue } from '#contracts';
import { type Due, send, type Timer, type Transaction } from '#messaging';
import { newId } from '#service';
import { TimerStore, timerPage } from '../postgres/timer.store.js';
import { after } from '../domain/rules.js';

/** Rooms are looked through so often at least: a room that has just ticked or opened is due soon. */
const lookAgainMs = 1_000;

/** Sends a Tick for each due time of each room, and again while none comes. Whether it lets anybody in is decided at its place in the line. */
@Injectable()
export class TickTimer implements Timer {
  readonly name = 'tick';

  constructor(private readonly timers: TimerStore) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.timers.claimTicks(tx);
    const sent = due.map((concertId) => send(queue.tick, newId(), { concertId }));
    if (due.length === timerPage) return { send: sent, nextAt: tx.now };
    const latest = after(tx.now, lookAgainMs);
    const next = await this.timers.nextTick(tx);
    return { send: sent, nextAt: next !== null && next < latest ? next : latest };
  }
}
