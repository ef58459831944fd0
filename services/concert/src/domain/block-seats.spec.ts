import { describe, expect, it } from '@jest/globals';
import {
  aBlockedSeat,
  aHeldClaim,
  aLapsedClaim,
  anId,
  anInventory,
  aSeat,
  aSoldClaim,
  claimsOn,
  hold,
  noon,
  scheduleId,
  seat,
} from '../../test/concert.builders.js';
import { type BlockRequest, blockSeats } from './block-seats.js';

const aBlock = (request: Partial<BlockRequest> = {}): BlockRequest => {
  return { scheduleId, seatIds: [seat(1)], blocked: true, reason: 'sound desk', ...request };
};

describe('the organizer', () => {
  it('blocks free seats, which nobody can hold then', () => {
    const inventory = anInventory();
    expect(blockSeats(inventory, aBlock(), noon)).toMatchObject([
      { id: seat(1), blocked: true, blockReason: 'sound desk' },
    ]);
    expect(hold(inventory)).toMatchObject({ code: 'ALREADY_RESERVED_SEAT' });
    expect([...inventory.changedSeats].map(({ id }) => id)).toEqual([seat(1)]);
  });

  it('gives them back for sale', () => {
    const inventory = anInventory({ seats: [aBlockedSeat(1)] });
    expect(blockSeats(inventory, aBlock({ blocked: false }), noon)).toMatchObject([
      { blocked: false, blockReason: null },
    ]);
    expect(hold(inventory)).toMatchObject({ amount: 1_000n });
  });

  it('changes the reason of a blocked seat by blocking it again', () => {
    const inventory = anInventory({ seats: [aBlockedSeat(1)] });
    expect(blockSeats(inventory, aBlock(), noon)).toMatchObject([{ blocked: true, blockReason: 'sound desk' }]);
  });

  it('blocks none when one of them is held or sold', () => {
    const inventory = anInventory({ claims: [aHeldClaim(2), aSoldClaim(3)] });
    expect(blockSeats(inventory, aBlock({ seatIds: [seat(1), seat(2), seat(3)] }), noon)).toMatchObject({
      code: 'ALREADY_RESERVED_SEAT',
      members: { seatIds: [seat(2), seat(3)] },
    });
    expect(inventory.changedSeats.size).toBe(0);
  });

  it('ends a lapsed hold by blocking its seat', () => {
    const inventory = anInventory({ claims: [aLapsedClaim(1)] });
    blockSeats(inventory, aBlock(), noon);
    expect(claimsOn(inventory)).toBe('- - -');
    expect(inventory.claims.changed).toMatchObject([{ endReason: 'BLOCKED' }]);
  });

  it('is told about schedules and seats that are not there', () => {
    const elsewhere = aSeat(2, { scheduleId: anId(2) });
    const inventory = anInventory({ seats: [aSeat(1), elsewhere] });
    expect(blockSeats(inventory, aBlock({ scheduleId: anId(3) }), noon)).toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
    expect(blockSeats(inventory, aBlock({ seatIds: [seat(1), seat(2), seat(3)] }), noon)).toMatchObject({
      code: 'SEAT_NOT_FOUND',
      members: { seatIds: [seat(2), seat(3)] },
    });
  });
});
