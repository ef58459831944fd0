import { describe, expect, it } from '@jest/globals';
import {
  aHeldClaim,
  aLapsedClaim,
  anId,
  anInventory,
  aSoldClaim,
  claimsOn,
  hold,
  noon,
  payment,
  reservation,
  scheduleId,
  seat,
} from '../../test/concert.builders.js';
import { cancelSeats, confirmSeats, revokeConfirm } from './confirm-seats.js';

const ofBob = { scheduleId, reservationId: reservation(9), paymentId: payment(1) };
const bothSeats = { ...ofBob, seatIds: [seat(1), seat(2)] };

describe('a confirmation', () => {
  it('sells the seats to the reservation that holds them', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1), aHeldClaim(2)] });
    expect(confirmSeats(inventory, bothSeats)).toBeNull();
    expect(claimsOn(inventory)).toBe('9! 9! -');
    expect(inventory.claims.changed.map(({ paymentId }) => paymentId)).toEqual([payment(1), payment(1)]);
    expect(inventory.newConfirmations).toEqual([{ paymentId: payment(1), result: 'confirmed' }]);
  });

  it('sells lapsed seats that nobody took', () => {
    const inventory = anInventory({ claims: [aLapsedClaim(1), aLapsedClaim(2)] });
    expect(confirmSeats(inventory, bothSeats)).toBeNull();
  });

  it('may follow its hold in the same batch', () => {
    const inventory = anInventory();
    hold(inventory);
    const request = { scheduleId, reservationId: reservation(1), paymentId: payment(1), seatIds: [seat(1)] };
    expect(confirmSeats(inventory, request)).toBeNull();
    expect(inventory.claims.added).toMatchObject([{ status: 'SOLD', paymentId: payment(1) }]);
  });

  it('sells none when one was taken over, and says so for ever', () => {
    const inventory = anInventory({ claims: [aLapsedClaim(1), aLapsedClaim(2)] });
    hold(inventory, { seatIds: [seat(2)] });
    const refused = { code: 'EXPIRED_RESERVATION', members: { paymentId: payment(1) } };
    expect(confirmSeats(inventory, bothSeats)).toMatchObject(refused);
    expect(claimsOn(inventory)).toBe('9 1 -');
    expect(confirmSeats(inventory, { ...bothSeats, seatIds: [seat(1)] })).toMatchObject(refused);
    expect(inventory.newConfirmations).toEqual([{ paymentId: payment(1), result: 'refused' }]);
  });

  it('is refused on another reservation’s, another schedule’s and sold seats', () => {
    const claims = [aHeldClaim(1, { reservationId: reservation(8) }), aHeldClaim(2), aSoldClaim(3)];
    const inventory = anInventory({ claims });
    const attempts = [
      { ...ofBob, paymentId: payment(1), seatIds: [seat(1)] },
      { ...ofBob, paymentId: payment(2), seatIds: [seat(2)], scheduleId: anId(2) },
      { ...ofBob, paymentId: payment(3), seatIds: [seat(3)] },
      { ...ofBob, paymentId: payment(4), seatIds: [seat(4)] },
    ];
    for (const attempt of attempts) {
      expect(confirmSeats(inventory, attempt)).toMatchObject({ code: 'EXPIRED_RESERVATION' });
    }
    expect(claimsOn(inventory)).toBe('8 9 9!');
  });

  it('of a payment confirmed before is confirmed again, whatever became of the seats', () => {
    const inventory = anInventory({ confirmations: [{ paymentId: payment(1), result: 'confirmed' }] });
    expect(confirmSeats(inventory, bothSeats)).toBeNull();
    expect(inventory.newConfirmations).toEqual([]);
    expect(claimsOn(inventory)).toBe('- - -');
  });
});

describe('a revocation', () => {
  it('before its confirmation wins: the late confirmation is refused', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1), aHeldClaim(2)] });
    expect(revokeConfirm(inventory, ofBob)).toBe(false);
    expect(confirmSeats(inventory, bothSeats)).toMatchObject({ code: 'EXPIRED_RESERVATION' });
    expect(revokeConfirm(inventory, ofBob)).toBe(false);
    expect(claimsOn(inventory)).toBe('9 9 -');
  });

  it('after its confirmation changes nothing and says that the seats are sold', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1), aHeldClaim(2)] });
    confirmSeats(inventory, bothSeats);
    expect(revokeConfirm(inventory, ofBob)).toBe(true);
    expect(claimsOn(inventory)).toBe('9! 9! -');
  });

  it.each([
    ['confirmed', true],
    ['refused', false],
  ] as const)('of a payment recorded as %s says %p', (result, confirmed) => {
    const inventory = anInventory({ confirmations: [{ paymentId: payment(1), result }] });
    expect(revokeConfirm(inventory, ofBob)).toBe(confirmed);
    expect(inventory.newConfirmations).toEqual([]);
  });
});

describe('a cancellation', () => {
  const ofPayment = { ...ofBob, paymentId: payment(9) };

  it('frees the seats that the payment bought, so that they can be held again', () => {
    const inventory = anInventory({ claims: [aSoldClaim(1), aSoldClaim(2)] });
    cancelSeats(inventory, ofPayment, noon);
    expect(claimsOn(inventory)).toBe('- - -');
    expect(hold(inventory)).toMatchObject({ amount: 1_000n });
  });

  it('frees no held seat, and none of another payment', () => {
    const inventory = anInventory({ claims: [aHeldClaim(1), aSoldClaim(2, { paymentId: payment(8) })] });
    cancelSeats(inventory, ofPayment, noon);
    expect(claimsOn(inventory)).toBe('9 9! -');
  });

  it('a second time is no fault', () => {
    const inventory = anInventory({ claims: [aSoldClaim(1)] });
    cancelSeats(inventory, ofPayment, noon);
    cancelSeats(inventory, ofPayment, noon);
    expect(inventory.claims.changed).toHaveLength(1);
  });
});
