import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  aConcert,
  after,
  aMoment,
  anInventory,
  aSchedule,
  aSeat,
  concertId,
  payment,
  reservation,
  scheduleId,
  seat,
  terms,
} from '../../test/concert.builders.js';
import { blockSeats } from './block-seats.js';
import type { Claim } from './claim.js';
import { cancelSeats, confirmSeats, revokeConfirm } from './confirm-seats.js';
import { extendHold, holdSeats, releaseHold } from './hold.js';
import { SeatInventory } from './seat-inventory.js';

// Any sequence of commands of three users and four reservations on six seats, while time passes: some of it in one
// batch, some with the state stored and loaded again in between.
const seatCount = 6;
const users = ['ada', 'bob', 'cyd'];

interface World {
  inventory: SeatInventory;
  now: Date;
  /** Every claim ever made. */
  readonly history: Set<Claim>;
  readonly decided: Map<string, 'confirmed' | 'refused'>;
  readonly cancelled: Set<string>;
}

type Step = (world: World) => void;

const someSeats = fc.uniqueArray(fc.integer({ min: 1, max: seatCount }).map(seat), { minLength: 1, maxLength: 3 });
const someReservation = fc.integer({ min: 1, max: 4 });
const somePayment = fc.integer({ min: 1, max: 3 }).map(payment);
const ofReservation = (number: number) => ({ scheduleId, reservationId: reservation(number) });

const steps: fc.Arbitrary<Step>[] = [
  fc.tuple(someSeats, someReservation).map(([seatIds, number]): Step => (world) => {
    const userId = users[number % users.length]!;
    const request = { ...ofReservation(number), concertId, userId, seatIds };
    holdSeats(world.inventory, request, terms, aMoment(world.now));
  }),
  fc
    .tuple(someReservation, fc.integer({ min: -100, max: 600 }))
    .map(([number, seconds]): Step => ({ inventory, now }) => {
      extendHold(inventory, ofReservation(number), new Date(now.getTime() + seconds * 1_000));
    }),
  fc.tuple(someReservation, somePayment, someSeats).map(([number, paymentId, seatIds]): Step => (world) => {
    const refused = confirmSeats(world.inventory, { ...ofReservation(number), paymentId, seatIds });
    remember(world, paymentId, refused === null);
  }),
  fc.tuple(someReservation, somePayment).map(([number, paymentId]): Step => (world) => {
    remember(world, paymentId, revokeConfirm(world.inventory, { ...ofReservation(number), paymentId }));
  }),
  someReservation.map((number): Step => ({ inventory, now }) => {
    releaseHold(inventory, ofReservation(number), 'EXPIRED', now);
  }),
  fc.tuple(someReservation, somePayment).map(([number, paymentId]): Step => (world) => {
    cancelSeats(world.inventory, { ...ofReservation(number), paymentId }, world.now);
    world.cancelled.add(`${reservation(number)} ${paymentId}`);
  }),
  fc.tuple(someSeats, fc.boolean()).map(([seatIds, blocked]): Step => ({ inventory, now }) => {
    blockSeats(inventory, { scheduleId, seatIds, blocked, reason: 'camera' }, now);
  }),
  fc.integer({ min: 1, max: 400 }).map((seconds): Step => (world) => {
    world.now = new Date(world.now.getTime() + seconds * 1_000);
    world.inventory = storedAndLoaded(world);
  }),
];

it('keeps one owner a seat, every seat, the ticket limit and every word given to a payment', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...steps), { maxLength: 60 }), (sequence) => {
      const inventory = anInventory({ seats: Array.from({ length: seatCount }, (_, index) => aSeat(index + 1)) });
      const world: World = { inventory, now: after(0), history: new Set(), decided: new Map(), cancelled: new Set() };
      for (const step of sequence) {
        const soldBefore = liveClaims(world).filter(({ status }) => status === 'SOLD');
        step(world);
        for (const claim of world.inventory.claims.added) world.history.add(claim);
        expectOneOwnerASeat(world);
        expectTicketLimit(world);
        expectSoldSeatsKept(world, soldBefore);
      }
    }),
    { numRuns: 300 },
  );
});

/** A payment is told one thing for ever. */
function remember({ decided }: World, paymentId: string, confirmed: boolean): void {
  const result = confirmed ? 'confirmed' : 'refused';
  expect(decided.get(paymentId) ?? result).toBe(result);
  decided.set(paymentId, result);
}

const liveClaims = ({ history }: World) => [...history].filter(({ endedAt }) => endedAt === null);

function expectOneOwnerASeat(world: World): void {
  const seatIds = liveClaims(world).map(({ seatId }) => seatId);
  expect(new Set(seatIds).size).toBe(seatIds.length);
  for (let number = 1; number <= seatCount; number += 1) {
    const ofSchedule = world.inventory.seatOf(scheduleId, seat(number));
    expect(ofSchedule).toBeDefined();
    if (ofSchedule?.blocked) expect(seatIds).not.toContain(ofSchedule.id);
  }
}

function expectTicketLimit(world: World): void {
  for (const userId of users) {
    const had = liveClaims(world).filter((claim) => claim.userId === userId);
    expect(had.length).toBeLessThanOrEqual(terms.ticketLimit);
  }
}

/** A sold seat is given back by its cancellation alone. */
function expectSoldSeatsKept({ cancelled }: World, soldBefore: readonly Claim[]): void {
  for (const claim of soldBefore) {
    expect(claim.status).toBe('SOLD');
    if (!claim.live) expect(cancelled).toContain(`${claim.reservationId} ${claim.paymentId}`);
  }
}

/** As a new batch finds it: live claims only, nothing changed yet. */
function storedAndLoaded(world: World): SeatInventory {
  const seats = Array.from({ length: seatCount }, (_, index) => world.inventory.seatOf(scheduleId, seat(index + 1))!);
  const confirmations = [...world.decided].map(([paymentId, result]) => ({ paymentId, result }));
  const catalogue = { concerts: [aConcert()], schedules: [aSchedule()] };
  return new SeatInventory({ ...catalogue, seats, claims: liveClaims(world), confirmations });
}
