import { concert, topics } from '#contracts';
import {
  answer,
  BatchHandler,
  type Context,
  type Decision,
  done,
  type Handler,
  type MessageOf,
  reject,
  type Transaction,
} from '#messaging';
import { reserve } from '../domain/reservation.js';
import { reservationBody } from '../domain/reservation-body.js';
import { reservationNotFound } from '../domain/reservation-rules.js';
import { ReservationStore } from '../postgres/reservation.store.js';
import { Purchases } from './purchases.js';

const accepts = [concert.seatsHeld, concert.seatsReleased] as const;
export type SeatEvent = MessageOf<typeof accepts>;

/** Held seats become a reservation; released seats end the wait of whoever cancelled. Both answer the client. */
@BatchHandler({ topic: topics.concertEvents, accepts })
export class SeatEvents implements Handler<Purchases, SeatEvent> {
  constructor(private readonly reservations: ReservationStore) {}

  /** Releases that nobody waits for (the sweep's) need no row. */
  async load(events: readonly SeatEvent[], tx: Transaction): Promise<Purchases> {
    const wanted = events.filter(({ type, asker }) => type === concert.seatsHeld.type || asker !== null);
    const ids = wanted.map(({ payload }) => payload.reservationId);
    return new Purchases({ reservations: await this.reservations.lock(ids, tx) });
  }

  decide({ reservations }: Purchases, event: SeatEvent, { now }: Context): Decision {
    const known = reservations.get(event.payload.reservationId);
    if (event.type === concert.seatsReleased.type) {
      if (!event.asker) return { outcome: done };
      return { outcome: known ? answer(reservationBody(known, now)) : reject(reservationNotFound) };
    }
    const reservation = known ?? reserve(event.payload);
    reservations.put(reservation);
    return { outcome: answer(reservationBody(reservation, now)) };
  }

  async save({ reservations }: Purchases, tx: Transaction): Promise<void> {
    await this.reservations.insert(reservations.created(), tx);
  }
}
