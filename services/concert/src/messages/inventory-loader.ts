import { concert } from '#contracts';
import type { Transaction } from '#messaging';
import { Injectable } from '@nestjs/common';
import { SeatInventory } from '../domain/seat-inventory.js';
import { CatalogueStore } from '../postgres/catalogue.store.js';
import { ClaimStore } from '../postgres/claim.store.js';
import { ConfirmationStore } from '../postgres/confirmation.store.js';
import { SeatStore } from '../postgres/seat.store.js';
import type { ConcertCommand } from './accepted.js';

/** The keys of every row that a batch of commands touches. Reservations and buyers are keys of claims. */
export interface TouchedKeys {
  readonly concertIds: Set<string>;
  readonly scheduleIds: Set<string>;
  readonly seatIds: Set<string>;
  readonly reservationIds: Set<string>;
  /** (schedule, user) pairs, for the ticket limit; a pair more than once does no harm. */
  readonly buyers: { readonly scheduleId: string; readonly userId: string }[];
  readonly paymentIds: Set<string>;
}

/** Reads a batch's state in the service's lock order: seats, claims (unlocked), confirmations. */
@Injectable()
export class InventoryLoader {
  constructor(
    private readonly catalogue: CatalogueStore,
    private readonly seats: SeatStore,
    private readonly claims: ClaimStore,
    private readonly confirmations: ConfirmationStore,
  ) {}

  /** At most four statements, however many messages there are. */
  async load(messages: readonly ConcertCommand[], tx: Transaction): Promise<SeatInventory> {
    const keys = touchedKeys(messages);
    const [{ concerts, schedules }, seats, claims, confirmations] = await Promise.all([
      this.catalogue.find([...keys.concertIds], [...keys.scheduleIds], tx),
      this.seats.lock([...keys.seatIds], [...keys.reservationIds], tx),
      this.claims.findLive([...keys.seatIds], [...keys.reservationIds], keys.buyers, tx),
      this.confirmations.lock([...keys.paymentIds], tx),
    ]);
    return new SeatInventory({ concerts, schedules, seats, claims, confirmations });
  }
}

export function touchedKeys(messages: readonly ConcertCommand[]): TouchedKeys {
  const keys: TouchedKeys = {
    concertIds: new Set(),
    scheduleIds: new Set(),
    seatIds: new Set(),
    reservationIds: new Set(),
    buyers: [],
    paymentIds: new Set(),
  };
  for (const message of messages) addKeysOf(message, keys);
  return keys;
}

function addKeysOf(message: ConcertCommand, keys: TouchedKeys): void {
  switch (message.type) {
    case concert.createConcert.type:
      keys.concertIds.add(message.payload.concertId);
      return;
    case concert.createSchedule.type:
      keys.concertIds.add(message.payload.concertId);
      keys.scheduleIds.add(message.payload.scheduleId);
      return;
    case concert.blockSeats.type:
      keys.scheduleIds.add(message.payload.scheduleId);
      for (const seatId of message.payload.seatIds) keys.seatIds.add(seatId);
      return;
    case concert.holdSeats.type:
      keys.scheduleIds.add(message.payload.scheduleId);
      for (const seatId of message.payload.seatIds) keys.seatIds.add(seatId);
      keys.buyers.push(message.payload);
      return;
    case concert.confirmSeats.type:
    case concert.revokeConfirm.type:
      keys.paymentIds.add(message.payload.paymentId);
      keys.reservationIds.add(message.payload.reservationId);
      return;
    case concert.extendHold.type:
    case concert.restoreHold.type:
    case concert.releaseHold.type:
    case concert.cancelSeats.type:
      keys.reservationIds.add(message.payload.reservationId);
      return;
    case concert.countSeats.type:
      return;
  }
}
