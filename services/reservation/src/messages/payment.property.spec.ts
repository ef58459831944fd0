import { beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { PaymentWorld } from '../../test/payment-world.js';
import { paymentStatus } from '../domain/payment.js';

type Happening = (world: PaymentWorld) => void;
const pick = fc.nat({ max: 20 });

const deliveries: fc.Arbitrary<Happening>[] = [
  pick.map((position) => (world) => world.deliver(position)),
  pick.map((position) => (world) => world.deliver(position, true)),
];
const people: fc.Arbitrary<Happening>[] = [
  fc.constant((world) => world.pay()),
  fc.constant((world) => world.pay(true)),
  fc.constant((world) => world.cancel()),
  fc.constant((world) => void (world.participants.balance += 3_000)),
  fc.constant((world) => void (world.participants.held = false)),
];
const times: fc.Arbitrary<Happening>[] = [
  fc.constantFrom(1, 6, 30, 61, 121).map((seconds) => (world) => world.pass(seconds)),
  fc.constant((world) => world.look()),
];
const operators: fc.Arbitrary<Happening>[] = [
  fc.constant((world) => world.operate('retry')),
  fc.constant((world) => world.operate('compensate')),
];
const parking: fc.Arbitrary<Happening>[] = [
  pick.map((position) => (world) => world.park(position, false)),
  pick.map((position) => (world) => world.park(position, true)),
];
const losses: fc.Arbitrary<Happening>[] = [pick.map((position) => (world) => world.drop(position))];

const stories = (...kinds: fc.Arbitrary<Happening>[]) => fc.array(fc.oneof(...kinds), { minLength: 5, maxLength: 60 });
const balances = fc.constantFrom(0, 3_000, 9_000);

/** Every message arrives from now on, and the timers look until nothing is open that can still move. */
function settle(world: PaymentWorld): void {
  for (let round = 0; round < 200; round += 1) {
    while (world.network.length > 0) world.deliver(0);
    if (world.payments.every(isOver) && isOver(world.cancellation) && world.reservation.status !== 'WAITING') return;
    world.pass(10);
    world.look();
  }
  throw new Error('never settles');
}

const isOver = (saga: { finishedAt: Date | null; stuckReason: string | null } | undefined) =>
  !saga || saga.finishedAt !== null || saga.stuckReason !== null;

/** A finished payment has one debit and no refund but its cancellation's, or as much refunded as debited. */
function expectMoneyToAgree({ payments, participants, cancellation, reservation }: PaymentWorld): void {
  for (const payment of payments.filter(({ finishedAt }) => finishedAt !== null)) {
    const debited = participants.debits.get(payment.paymentId) ?? 0;
    const refunded = participants.refunds.get(payment.paymentId) ?? 0;
    if (payment.state === 'COMPLETED') {
      expect(debited).toBe(3_000);
      if (cancellation?.state === 'DONE') expect(refunded).toBe(3_000);
      if (!cancellation) expect(refunded).toBe(0);
    } else {
      expect(refunded).toBe(debited);
    }
  }
  if (reservation.status === 'CANCELLED')
    expect(Number(reservation.refundedAmount)).toBe(reservation.paidAt ? 3_000 : 0);
}

/** The reservation and the seats tell the same story. */
function expectSeatsToAgree({ payments, participants, reservation }: PaymentWorld): void {
  const completed = payments.filter((payment) => paymentStatus(payment) === 'COMPLETED');
  expect(completed.length).toBeLessThanOrEqual(1);
  if (reservation.status === 'CONFIRMED') {
    expect(participants.soldTo).toBe(reservation.paymentId);
    expect(completed[0]?.paymentId).toBe(reservation.paymentId);
  }
  if (reservation.status === 'EXPIRED' || reservation.status === 'CANCELLED') {
    expect(participants.soldTo).toBeNull();
    expect(participants.held).toBe(false);
  }
}

/** Nobody is told twice, and nobody who was told heard something else than the row says. */
function expectClientsToBeTold({ told, payments }: PaymentWorld): void {
  const askers = told.map(({ correlationId }) => correlationId);
  expect(new Set(askers).size).toBe(askers.length);
  for (const payment of payments) if (payment.finishedAt !== null) expect(payment.waiters).toEqual([]);
  for (const { answer } of told) {
    if (answer.kind !== 'answered' || !('paymentId' in answer.body) || !('timeline' in answer.body)) continue;
    const payment = payments.find(({ paymentId }) => paymentId === answer.body.paymentId);
    expect(payment && paymentStatus(payment)).toBe('COMPLETED');
  }
}

/** Nothing is left to be decided: what was STUCK an operator has moved on, as often as it took. */
function settleWithOperators(world: PaymentWorld, act: 'retry' | 'compensate'): void {
  for (let round = 0; round < 20; round += 1) {
    settle(world);
    if (world.payments.every(hasEnded) && hasEnded(world.cancellation)) return;
    world.operate(act);
    // What cannot be compensated goes forward.
    world.operate('retry');
  }
  throw new Error('operators never get it to an end');
}

const hasEnded = (saga: { finishedAt: Date | null } | undefined) => !saga || saga.finishedAt !== null;

describe('whatever the order, the repetitions and the pauses of its messages', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('a payment ends with money and seats in agreement, and each client told once', () => {
    fc.assert(
      fc.property(balances, stories(...deliveries, ...deliveries, ...people, ...times), (balance, story) => {
        const world = new PaymentWorld(balance);
        world.pay();
        for (const happening of story) happening(world);
        settle(world);
        expect(world.payments.filter(({ finishedAt }) => finishedAt === null)).toEqual([]);
        expectMoneyToAgree(world);
        expectSeatsToAgree(world);
        expectClientsToBeTold(world);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a payment whose messages get lost on the way ends so too, or is visibly stuck', () => {
    fc.assert(
      fc.property(balances, stories(...deliveries, ...people, ...times, ...losses), (balance, story) => {
        const world = new PaymentWorld(balance);
        world.pay();
        for (const happening of story) happening(world);
        settle(world);
        expectMoneyToAgree(world);
        expectClientsToBeTold(world);
      }),
      { numRuns: 1_000 },
    );
  });

  it('a payment whose requests are parked ends so too, once operators have retried or compensated it', () => {
    const lastAct = fc.constantFrom('retry' as const, 'compensate' as const);
    const happenings = stories(
      ...deliveries,
      ...deliveries,
      ...deliveries,
      ...people,
      ...times,
      ...parking,
      ...parking,
      ...operators,
    );
    fc.assert(
      fc.property(balances, happenings, lastAct, (balance, story, act) => {
        const world = new PaymentWorld(balance);
        world.pay();
        for (const happening of story) happening(world);
        settleWithOperators(world, act);
        expectMoneyToAgree(world);
        expectSeatsToAgree(world);
        expectClientsToBeTold(world);
      }),
      { numRuns: 4_000 },
    );
  });
});
