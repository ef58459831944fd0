import { concert } from '#contracts';
import { type Due, type Outgoing, send, type Timer, type Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { newId } from '#service';
import { countPage, countSpacingMs, StockStore } from '../postgres/stock.store.js';

export const stockTimer = 'stock';

/** Batches that sell wake the timer; this is for the ones that died before they could, and for what is counted again. */
const lookAgainMs = 5_000;

/** Has the seats of schedules counted that have sold some: of each at most once in half a second, however many it sold. */
@Injectable()
export class StockTimer implements Timer {
  readonly name = stockTimer;

  constructor(private readonly stock: StockStore) {}

  async find(tx: Transaction): Promise<Due> {
    const due = await this.stock.claimCounts(tx);
    const sent = due.map((scheduleId) => send(concert.countSeats, newId(), { scheduleId }));
    if (due.length === countPage) return { send: sent, nextAt: tx.now };
    const soon = (await this.stock.someDue(tx)) ? countSpacingMs : lookAgainMs;
    return { send: sent, nextAt: new Date(tx.now.getTime() + soon) };
  }
}

/** Of no request: without a correlation of its own it would be told as part of whatever purchase came last in the batch. */
export function sendCount(counted: concert.SeatsCounted): Outgoing {
  const id = newId();
  return send(concert.seatsCounted, id, counted, { correlationId: id });
}
