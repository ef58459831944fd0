import { concert } from '#contracts';
import { answer, type Context, type Decision, done, forward, type Outcome, reject } from '#messaging';
import { blockSeats } from '../domain/block-seats.js';
import { createConcert, createSchedule } from '../domain/catalogue.js';
import { cancelSeats, confirmSeats, revokeConfirm } from '../domain/confirm-seats.js';
import { extendHold, holdSeats, type HoldTerms, releaseHold, restoreHold } from '../domain/hold.js';
import { isRejection } from '../domain/rejection.js';
import type { SeatInventory } from '../domain/seat-inventory.js';
import type { ConcertCommand } from './accepted.js';
import { concertFrom, detailsOf, scheduleFrom, seatBody, seatsHeldPayload } from './payloads.js';

export interface SaleTerms extends HoldTerms {
  /** Of all prices. */
  readonly currency: string;
}

/** What the service says to one command, after it changed the inventory accordingly. */
export function decideConcertCommand(
  inventory: SeatInventory,
  message: ConcertCommand,
  terms: SaleTerms,
  context: Context,
): Decision {
  return { outcome: outcomeOf(inventory, message, terms, context) };
}

function outcomeOf(inventory: SeatInventory, message: ConcertCommand, terms: SaleTerms, context: Context): Outcome {
  const { now } = context;
  switch (message.type) {
    case concert.createConcert.type: {
      const created = createConcert(inventory, concertFrom(message.payload));
      if (isRejection(created)) return reject(created);
      return forward(concert.concertCreated, context.newId(), detailsOf(created));
    }
    case concert.createSchedule.type: {
      const schedule = createSchedule(inventory, scheduleFrom(message.payload));
      if (isRejection(schedule)) return reject(schedule);
      return answer({ scheduleId: schedule.id, seatsTotal: schedule.seatsTotal });
    }
    case concert.blockSeats.type: {
      const seats = blockSeats(inventory, message.payload, now);
      if (isRejection(seats)) return reject(seats);
      return answer({ items: seats.map((seat) => seatBody(inventory, seat, terms.currency, now)) });
    }
    case concert.holdSeats.type: {
      const hold = holdSeats(inventory, message.payload, terms, context);
      if (isRejection(hold)) return reject(hold);
      return forward(concert.seatsHeld, context.newId(), seatsHeldPayload(message.payload, hold, terms.currency));
    }
    case concert.extendHold.type:
      extendHold(inventory, message.payload, new Date(message.payload.until));
      return done;
    case concert.restoreHold.type: {
      const { extendedTo, until } = message.payload;
      restoreHold(inventory, message.payload, new Date(extendedTo), new Date(until));
      return done;
    }
    case concert.confirmSeats.type: {
      const { paymentId } = message.payload;
      const refused = confirmSeats(inventory, message.payload);
      return refused ? reject(refused) : answer({ paymentId });
    }
    case concert.revokeConfirm.type: {
      const { paymentId } = message.payload;
      return answer({ paymentId, confirmed: revokeConfirm(inventory, message.payload) });
    }
    case concert.releaseHold.type: {
      const { scheduleId, reservationId, reason } = message.payload;
      const seatIds = releaseHold(inventory, message.payload, reason, now);
      return forward(concert.seatsReleased, context.newId(), { scheduleId, reservationId, seatIds });
    }
    case concert.cancelSeats.type:
      cancelSeats(inventory, message.payload, now);
      return answer({ reservationId: message.payload.reservationId });
    case concert.countSeats.type:
      inventory.toCount.add(message.payload.scheduleId);
      return done;
    default:
      throw new Error(`No decision for ${(message satisfies never as ConcertCommand).type}`);
  }
}
