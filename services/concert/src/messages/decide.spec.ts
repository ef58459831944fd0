import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { concert, type MessageContract } from '#contracts';
import type { Outcome } from '#messaging';
import { aCommand } from '../../test/command.builders.js';
import {
  aConcert,
  after,
  aHeldClaim,
  aMoment,
  anInventory,
  noon,
  payment,
  reservation,
  scheduleId,
  seat,
} from '../../test/concert.builders.js';
import type { SeatInventory } from '../domain/seat-inventory.js';
import { accepted } from './accepted.js';
import { decideConcertCommand } from './decide.js';

const terms = { holdSeconds: 300, ticketLimit: 4, currency: 'KRW' };
const onSale = { salesOpenAt: after(-3_600) };

function sample(contract: MessageContract): any {
  const [owner, name, version] = contract.type.split('.');
  return JSON.parse(readFileSync(`libs/contracts/samples/${owner}/${name}.${version}.json`, 'utf8'));
}

function decide(inventory: SeatInventory, contract: MessageContract, changes: object = {}): Outcome {
  const command = aCommand(contract, { ...sample(contract), ...changes });
  return decideConcertCommand(inventory, command, terms, aMoment()).outcome;
}

/** The samples are of reservation 1, which holds seats 1 and 2. */
const withTheSamplesHold = () => {
  const ofSample = { reservationId: reservation(1), userId: 'ada' };
  return anInventory({ claims: [aHeldClaim(1, ofSample), aHeldClaim(2, ofSample)] });
};

describe('the concert commands', () => {
  it.each(accepted.map((contract) => [contract.type, contract] as const))('take the sample of %s', (_, contract) => {
    const inventory = contract.type === concert.holdSeats.type ? anInventory() : withTheSamplesHold();
    expect(decide(inventory, contract).kind).not.toBe('rejected');
  });

  it.each([
    [concert.createConcert, concert.concertCreated, anInventory({ concerts: [], schedules: [] })],
    [concert.holdSeats, concert.seatsHeld, anInventory({ concerts: [aConcert(onSale)] })],
    [concert.releaseHold, concert.seatsReleased, withTheSamplesHold()],
  ])('forward $type as the sample of what is said then', (command, said, inventory) => {
    expect(decide(inventory, command)).toMatchObject({
      kind: 'forwarded',
      message: { contract: said, payload: sample(said), replyTo: null },
    });
    expect(said.payload.parse(sample(said))).toEqual(sample(said));
  });

  it('answer a new schedule with the number of its seats', () => {
    const inventory = anInventory({ schedules: [] });
    expect(decide(inventory, concert.createSchedule)).toEqual({
      kind: 'answered',
      body: { scheduleId, seatsTotal: 10 },
    });
    expect(inventory.newBlocks).toMatchObject([{ price: 77_000n }]);
  });

  it('answer the organizer with the seats as they are now', () => {
    const item = { seatId: seat(3), section: 'A', row: '1', number: 3, price: 3_000, currency: 'KRW' };
    expect(decide(anInventory(), concert.blockSeats)).toEqual({
      kind: 'answered',
      body: { items: [{ ...item, status: 'BLOCKED', reason: 'Sound desk' }] },
    });
  });

  it('answer the payment saga', () => {
    const inventory = withTheSamplesHold();
    const paymentId = payment(1);
    expect(decide(inventory, concert.extendHold)).toEqual({ kind: 'done' });
    expect(decide(inventory, concert.restoreHold)).toEqual({ kind: 'done' });
    expect(decide(inventory, concert.confirmSeats)).toEqual({ kind: 'answered', body: { paymentId } });
    expect(decide(inventory, concert.confirmSeats)).toEqual({ kind: 'answered', body: { paymentId } });
    expect(decide(inventory, concert.revokeConfirm)).toEqual({
      kind: 'answered',
      body: { paymentId, confirmed: true },
    });
    const { reservationId } = sample(concert.cancelSeats);
    expect(decide(inventory, concert.cancelSeats)).toEqual({ kind: 'answered', body: { reservationId } });
    expect(inventory.claims.changed.map(({ endedAt }) => endedAt)).toEqual([noon, noon]);
  });

  it('reject with the code of the rule that refused', () => {
    const paymentId = payment(1);
    const inventory = anInventory();
    expect(decide(inventory, concert.revokeConfirm)).toEqual({
      kind: 'answered',
      body: { paymentId, confirmed: false },
    });
    expect(decide(inventory, concert.confirmSeats)).toMatchObject({ kind: 'rejected', code: 'EXPIRED_RESERVATION' });
    expect(decide(withTheSamplesHold(), concert.holdSeats)).toMatchObject({
      kind: 'rejected',
      code: 'ALREADY_RESERVED_SEAT',
      members: { seatIds: [seat(1), seat(2)] },
    });
  });
});
