import { describe, expect, it } from '@jest/globals';
import {
  aBlockedSeat,
  aConcert,
  after,
  aHeldClaim,
  aLapsedClaim,
  aSeat,
  anId,
  anInventory,
  aSoldClaim,
  claimsOn,
  hold,
  noon,
  reservation,
  scheduleId,
  seat,
} from '../../test/concert.builders.js';
import { extendHold, releaseHold, restoreHold } from './hold.js';

describe('a hold', () => {
  it('takes all its seats for five minutes at the sum of their prices', () => {
    const inventory = anInventory();
    const held = hold(inventory, { seatIds: [seat(1), seat(3)] });
    expect(held).toMatchObject({ amount: 4_000n, heldAt: noon, heldUntil: after(300) });
    expect(claimsOn(inventory)).toBe('1 - 1');
    expect(inventory.claims.added.map(({ userId, status }) => [userId, status])).toEqual([
      ['ada', 'HELD'],
      ['ada', 'HELD'],
    ]);
  });

  it('counts a seat named twice once', () => {
    const inventory = anInventory();
    expect(hold(inventory, { seatIds: [seat(1), seat(1)] })).toMatchObject({ amount: 1_000n });
    expect(inventory.claims.added).toHaveLength(1);
  });

  it('of an unknown schedule finds none', () => {
    expect(hold(anInventory(), { scheduleId: anId(1) })).toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
  });

  it('takes nothing when one of its seats is lost, and names the lost ones', () => {
    const inventory = anInventory({ claims: [aHeldClaim(2), aSoldClaim(3)] });
    expect(hold(inventory, { seatIds: [seat(1), seat(2), seat(3)] })).toMatchObject({
      code: 'ALREADY_RESERVED_SEAT',
      members: { seatIds: [seat(2), seat(3)] },
    });
    expect(claimsOn(inventory)).toBe('- 9 9!');
    expect([inventory.claims.added, inventory.claims.changed]).toEqual([[], []]);
  });

  it('is lost on a seat that the same user holds already', () => {
    const inventory = anInventory();
    hold(inventory);
    expect(hold(inventory, { reservationId: reservation(2) })).toMatchObject({ code: 'ALREADY_RESERVED_SEAT' });
  });

  it('takes a lapsed seat over at once, and only that one', () => {
    const inventory = anInventory({ claims: [aLapsedClaim(1), aLapsedClaim(2)] });
    hold(inventory);
    expect(claimsOn(inventory)).toBe('1 9 -');
    expect(inventory.claims.changed).toMatchObject([{ seatId: seat(1), endedAt: noon, endReason: 'TAKEN_OVER' }]);
  });

  it('ends its own user’s lapsed holds of the schedule, so that no late payment brings them back', () => {
    const mine = { userId: 'ada', reservationId: reservation(7) };
    const inventory = anInventory({ claims: [aLapsedClaim(2, mine), aLapsedClaim(3)] });
    hold(inventory);
    expect(claimsOn(inventory)).toBe('1 - 9');
    expect(inventory.claims.changed).toMatchObject([{ seatId: seat(2), endReason: 'LAPSED' }]);
  });

  it('that is rejected leaves its user’s lapsed holds alone', () => {
    const mine = { userId: 'ada', reservationId: reservation(7) };
    const inventory = anInventory({ claims: [aLapsedClaim(2, mine), aHeldClaim(1)] });
    hold(inventory);
    expect(claimsOn(inventory)).toBe('9 7 -');
  });

  it('may follow a release in the same batch', () => {
    const inventory = anInventory();
    hold(inventory);
    releaseHold(inventory, { scheduleId, reservationId: reservation(1) }, 'CANCELLED', noon);
    hold(inventory, { reservationId: reservation(2), userId: 'bob' });
    expect(claimsOn(inventory)).toBe('2 - -');
    expect(inventory.claims.added.map(({ endReason }) => endReason)).toEqual(['CANCELLED', null]);
  });

  it('sees the holds before it in the same batch', () => {
    const inventory = anInventory();
    hold(inventory, { seatIds: [seat(1), seat(2)] });
    const second = { reservationId: reservation(2), userId: 'bob', seatIds: [seat(2), seat(3)] };
    expect(hold(inventory, second)).toMatchObject({ members: { seatIds: [seat(2)] } });
    expect(claimsOn(inventory)).toBe('1 1 -');
  });
});

describe('the order of the rules', () => {
  const everythingWrong = {
    concerts: [aConcert({ salesCloseAt: noon })],
    seats: [aSeat(1), aBlockedSeat(2), aSeat(3), aSeat(4), aSeat(5), aSeat(6)],
  };
  const tooMany = [seat(1), seat(2), seat(3), seat(4), seat(5)];

  it.each([
    ['INVALID_TOKEN', everythingWrong, { concertId: anId(1), seatIds: [seat(99)] }],
    ['SEAT_NOT_FOUND', everythingWrong, { seatIds: [...tooMany, seat(99)] }],
    ['SALES_CLOSED', everythingWrong, { seatIds: tooMany }],
    ['ALREADY_RESERVED_SEAT', { seats: everythingWrong.seats }, { seatIds: tooMany }],
    ['TICKET_LIMIT_EXCEEDED', {}, { seatIds: tooMany }],
  ])('tells %s before what comes after it', (code, loaded, request) => {
    expect(hold(anInventory(loaded), request)).toMatchObject({ code });
  });
});

describe('an extension', () => {
  const ofBob = { scheduleId, reservationId: reservation(9) };

  it('lets the reservation’s holds live longer, a lapsed one too when nobody took it', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1), aLapsedClaim(2)] });
    extendHold(inventory, ofBob, after(120));
    expect(inventory.claims.changed.map(({ heldUntil }) => heldUntil)).toEqual([after(120), after(120)]);
    expect(hold(inventory, { seatIds: [seat(2)] })).toMatchObject({ code: 'ALREADY_RESERVED_SEAT' });
  });

  it('never shortens', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1)] });
    extendHold(inventory, ofBob, after(10));
    expect(inventory.claims.on(seat(1))?.heldUntil).toEqual(after(60));
  });

  it('brings nothing back that was taken over', () => {
    const inventory = anInventory({ claims: [aLapsedClaim(1)] });
    hold(inventory);
    extendHold(inventory, ofBob, after(10_000));
    expect(inventory.claims.on(seat(1))).toMatchObject({ userId: 'ada', heldUntil: after(300) });
  });

  it('leaves sold seats and other schedules alone', () => {
    const elsewhere = aHeldClaim(2, { scheduleId: anId(2) });
    const inventory = anInventory({ claims: [aSoldClaim(1), elsewhere] });
    extendHold(inventory, ofBob, after(10_000));
    expect(inventory.claims.changed).toEqual([]);
  });
});

describe('the undoing of an extension', () => {
  const ofBob = { scheduleId, reservationId: reservation(9) };

  it('ends the hold when it would have ended', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1)] });
    extendHold(inventory, ofBob, after(120));
    restoreHold(inventory, ofBob, after(120), after(60));
    expect(inventory.claims.on(seat(1))?.heldUntil).toEqual(after(60));
  });

  it('leaves alone what a newer payment has extended, and what is sold', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1), aSoldClaim(2)] });
    extendHold(inventory, ofBob, after(180));
    restoreHold(inventory, ofBob, after(120), after(60));
    expect(inventory.claims.on(seat(1))?.heldUntil).toEqual(after(180));
    expect(inventory.claims.on(seat(2))?.status).toBe('SOLD');
  });
});

describe('a release', () => {
  const ofBob = { scheduleId, reservationId: reservation(9) };

  it('frees what the reservation holds, lapsed or not, and nobody else’s', () => {
    const other = aHeldClaim(3, { reservationId: reservation(8) });
    const inventory = anInventory({ claims: [aHeldClaim(1), aLapsedClaim(2), other] });
    expect(releaseHold(inventory, ofBob, 'EXPIRED', noon)).toEqual([seat(1), seat(2)]);
    expect(claimsOn(inventory)).toBe('- - 8');
    expect(inventory.claims.changed).toMatchObject([{ endReason: 'EXPIRED' }, { endReason: 'EXPIRED' }]);
  });

  it('never frees a sold seat', () => {
    const inventory = anInventory({ claims: [aSoldClaim(1)] });
    expect(releaseHold(inventory, ofBob, 'COMPENSATED', noon)).toEqual([]);
    expect(claimsOn(inventory)).toBe('9! - -');
  });

  it('a second time frees nothing, and is no fault', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1)] });
    releaseHold(inventory, ofBob, 'EXPIRED', noon);
    expect(releaseHold(inventory, ofBob, 'EXPIRED', noon)).toEqual([]);
  });
});
