import { describe, expect, it } from '@jest/globals';
import {
  aBlockedSeat,
  aHeldClaim,
  aLapsedClaim,
  anInventory,
  aSeat,
  aSoldClaim,
  noon,
  payment,
  seat,
} from '../../test/concert.builders.js';
import { recordedStatus, statusAt } from './claim.js';
import { ClaimBook } from './claim-book.js';
import { assertSeatMove, type SeatStatus, seatTransitions } from './seat.js';

const statuses = Object.keys(seatTransitions) as SeatStatus[];
const moves = statuses.flatMap((from) => statuses.map((to) => [from, to] as const));
const allowed = [
  'AVAILABLE HELD',
  'AVAILABLE BLOCKED',
  'HELD SOLD',
  'HELD AVAILABLE',
  'SOLD AVAILABLE',
  'BLOCKED AVAILABLE',
];

describe('a seat', () => {
  it.each(moves)('goes from %s to %s only if the table says so', (from, to) => {
    const move = () => assertSeatMove(seat(1), from, to);
    if (allowed.includes(`${from} ${to}`)) expect(move).not.toThrow();
    else expect(move).toThrow(`cannot go from ${from} to ${to}`);
  });

  it.each([
    ['free', aSeat(1), undefined, 'AVAILABLE', 'AVAILABLE'],
    ['held', aSeat(1), aHeldClaim(1), 'HELD', 'HELD'],
    ['under a lapsed hold', aSeat(1), aLapsedClaim(1), 'AVAILABLE', 'HELD'],
    ['sold', aSeat(1), aSoldClaim(1), 'SOLD', 'SOLD'],
    ['blocked', aBlockedSeat(1), undefined, 'BLOCKED', 'BLOCKED'],
  ] as const)('that is %s', (_, ofSeat, claim, shown, recorded) => {
    expect([statusAt(ofSeat, claim, noon), recordedStatus(ofSeat, claim)]).toEqual([shown, recorded]);
  });

  it('has at most one live claim, or the batch fails', () => {
    expect(() => new ClaimBook([aHeldClaim(1), aHeldClaim(1)])).toThrow('two live claims');
    expect(() => new ClaimBook([aHeldClaim(1)]).add(aHeldClaim(1))).toThrow('has a live claim');
    expect(() => anInventory({ seats: [aBlockedSeat(1)] }).claim(aBlockedSeat(1), aHeldClaim(1))).toThrow(
      'BLOCKED to HELD',
    );
  });

  it('is neither sold twice nor freed twice by one claim', () => {
    const claim = aSoldClaim(1);
    expect(() => claim.sell(payment(2))).toThrow('SOLD to SOLD');
    claim.end('CANCELLED', noon);
    expect(() => claim.end('CANCELLED', noon)).toThrow('ended before');
  });
});
