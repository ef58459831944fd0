import { topics } from '#contracts';
import { BatchHandler, type Context, type Decision, type Handler, type Outgoing, type Transaction } from '#messaging';
import { SETTINGS } from '#service';
import { Inject } from '@nestjs/common';
import type { ConcertSettings } from '../config.js';
import type { SeatInventory } from '../domain/seat-inventory.js';
import { CatalogueStore } from '../postgres/catalogue.store.js';
import { ClaimStore } from '../postgres/claim.store.js';
import { ConfirmationStore } from '../postgres/confirmation.store.js';
import { SeatStore } from '../postgres/seat.store.js';
import { StockStore } from '../postgres/stock.store.js';
import { accepted, type ConcertCommand } from './accepted.js';
import { decideConcertCommand, type SaleTerms } from './decide.js';
import { InventoryLoader } from './inventory-loader.js';
import { sendCount, stockTimer } from './stock.timer.js';

/**
 * Catalogue, holds and sales, all in one fold: commands of one schedule share a partition, and whatever they do to its
 * seats they do in the order they were sent.
 */
@BatchHandler({ topic: topics.concertCommands, accepts: accepted })
export class ConcertCommands implements Handler<SeatInventory, ConcertCommand> {
  private readonly terms: SaleTerms;

  constructor(
    private readonly loader: InventoryLoader,
    private readonly catalogue: CatalogueStore,
    private readonly seats: SeatStore,
    private readonly claims: ClaimStore,
    private readonly confirmations: ConfirmationStore,
    private readonly stock: StockStore,
    @Inject(SETTINGS) settings: ConcertSettings,
  ) {
    this.terms = {
      holdSeconds: settings.HOLD_SECONDS,
      ticketLimit: settings.TICKET_LIMIT,
      currency: settings.CURRENCY,
    };
  }

  load(messages: readonly ConcertCommand[], tx: Transaction): Promise<SeatInventory> {
    return this.loader.load(messages, tx);
  }

  decide(inventory: SeatInventory, message: ConcertCommand, context: Context): Decision {
    return decideConcertCommand(inventory, message, this.terms, context);
  }

  /**
   * At most ten statements, and none for what a batch has not touched.
   * @returns the counts that were asked for: only what is saved can be counted
   */
  async save(inventory: SeatInventory, tx: Transaction): Promise<Outgoing[]> {
    const saving = [
      this.catalogue.insert(inventory, tx),
      this.seats.saveBlocked([...inventory.changedSeats], tx),
      // The unique index on live claims must see the old claim end before the new one begins.
      this.claims.saveChanged(inventory.claims.changed, tx),
      this.claims.insert(inventory.claims.added, tx),
      this.confirmations.insert(inventory.newConfirmations, tx),
    ];
    const [isNewlyDue] = await Promise.all([this.stock.note([...inventory.schedulesSold], tx), ...saving]);
    if (isNewlyDue) await tx.wakeTimer(stockTimer, tx.now);
    return (await this.stock.count([...inventory.toCount], tx)).map(sendCount);
  }
}
