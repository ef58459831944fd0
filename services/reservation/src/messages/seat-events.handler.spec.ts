import { concert } from '#contracts';
import { describe, expect, it } from '@jest/globals';
import { aContext, aMessage, sampleOf } from '../../test/message.builders.js';
import { aHeldReservation, secondsAfterNoon } from '../../test/reservation.builders.js';
import { reservationBody } from '../domain/reservation-body.js';
import { Purchases } from './purchases.js';
import { SeatEvents } from './seat-events.handler.js';

const handler = new SeatEvents(undefined as never);
const held = sampleOf(concert.seatsHeld);
const released = sampleOf(concert.seatsReleased);
const { reservationId } = held;

describe('SeatsHeld', () => {
  it('makes the reservation and answers the client with it', () => {
    const purchases = new Purchases({});
    const { outcome } = handler.decide(purchases, aMessage(concert.seatsHeld, held), aContext(secondsAfterNoon(1)));
    const [created] = purchases.reservations.created();
    expect(created).toMatchObject({
      reservationId,
      status: 'WAITING',
      amount: 3_000n,
      expiresAt: secondsAfterNoon(300),
    });
    expect(outcome).toEqual({ kind: 'answered', body: reservationBody(created!, secondsAfterNoon(1)) });
  });

  it('said twice makes no second one', () => {
    const known = aHeldReservation({ reservationId, status: 'PAYING' });
    const purchases = new Purchases({ reservations: [known] });
    const { outcome } = handler.decide(purchases, aMessage(concert.seatsHeld, held), aContext());
    expect(outcome).toMatchObject({ kind: 'answered', body: { reservationId, status: 'PAYING' } });
    expect([purchases.reservations.created(), purchases.reservations.changed()]).toEqual([[], []]);
  });
});

describe('SeatsReleased', () => {
  const cancelled = aHeldReservation({ reservationId, status: 'CANCELLED', cancelledAt: secondsAfterNoon(1) });

  it('answers who cancelled with the cancelled reservation', () => {
    const purchases = new Purchases({ reservations: [cancelled] });
    const { outcome } = handler.decide(purchases, aMessage(concert.seatsReleased, released), aContext());
    expect(outcome).toMatchObject({ kind: 'answered', body: { reservationId, status: 'CANCELLED' } });
  });

  it('answers nobody when nobody waits', () => {
    const message = aMessage(concert.seatsReleased, released, { asker: null });
    expect(handler.decide(new Purchases({}), message, aContext())).toEqual({ outcome: { kind: 'done' } });
  });

  it('says so when there is no such reservation', () => {
    const { outcome } = handler.decide(new Purchases({}), aMessage(concert.seatsReleased, released), aContext());
    expect(outcome).toMatchObject({ kind: 'rejected', code: 'RESERVATION_NOT_FOUND' });
  });
});
