import { describe, expect, it } from '@jest/globals';
import {
  aBlockedSeat,
  aConcert,
  after,
  aHeldClaim,
  aLapsedClaim,
  anId,
  anInventory,
  aSchedule,
  aSeat,
  aSoldClaim,
  concertId,
  noon,
  seat,
} from '../../test/concert.builders.js';
import {
  type HoldAttempt,
  seatsAreFree,
  seatsExist,
  tokenIsForThisConcert,
  withinSaleWindow,
  withinTicketLimit,
} from './hold-rules.js';

/** Ada tries for seat 1, with nothing in her way. */
function anAttempt(attempt: Partial<HoldAttempt> = {}): HoldAttempt {
  const catalogue = { inventory: anInventory(), schedule: aSchedule(), concert: aConcert() };
  const asked = { tokenConcertId: concertId, userId: 'ada', seatIds: [seat(1)] };
  return { ...catalogue, ...asked, now: noon, ticketLimit: 4, ...attempt };
}

describe('the token', () => {
  it('opens its own concert', () => expect(tokenIsForThisConcert(anAttempt())).toBeNull());

  it('opens no other', () => {
    expect(tokenIsForThisConcert(anAttempt({ tokenConcertId: anId(1) }))).toMatchObject({
      code: 'INVALID_TOKEN',
      members: { reason: 'INVALID' },
    });
  });
});

describe('the seats asked for', () => {
  it('exist', () => expect(seatsExist(anAttempt())).toBeNull());

  it('are named when they do not', () => {
    expect(seatsExist(anAttempt({ seatIds: [seat(1), anId(1)] }))).toMatchObject({
      code: 'SEAT_NOT_FOUND',
      members: { seatIds: [anId(1)] },
    });
  });

  it('do not exist when they are another schedule’s', () => {
    const inventory = anInventory({ seats: [aSeat(1, { scheduleId: anId(2) })] });
    expect(seatsExist(anAttempt({ inventory }))).toMatchObject({ code: 'SEAT_NOT_FOUND' });
  });

  it.each([
    ['free', {}],
    ['under a hold that ends now', { claims: [aHeldClaim(1, { heldUntil: noon })] }],
    ['under a lapsed hold', { claims: [aLapsedClaim(1)] }],
  ])('can be had when they are %s', (_, loaded) => {
    expect(seatsAreFree(anAttempt({ inventory: anInventory(loaded) }))).toBeNull();
  });

  it.each([
    ['held', { claims: [aHeldClaim(1, { heldUntil: after(0.001) })] }],
    ['held by the same user', { claims: [aHeldClaim(1, { userId: 'ada' })] }],
    ['sold, however long ago', { claims: [aSoldClaim(1, { heldUntil: after(-10_000) })] }],
    ['blocked', { seats: [aBlockedSeat(1)] }],
  ])('are lost when they are %s', (_, loaded) => {
    expect(seatsAreFree(anAttempt({ inventory: anInventory(loaded) }))).toMatchObject({
      code: 'ALREADY_RESERVED_SEAT',
      members: { seatIds: [seat(1)] },
    });
  });
});

describe('the sale window', () => {
  it.each([
    [null, null],
    [noon, null],
    [null, after(0.001)],
    [after(-1), after(1)],
  ])('from %p to %p is open at noon', (salesOpenAt, salesCloseAt) => {
    expect(withinSaleWindow(anAttempt({ concert: aConcert({ salesOpenAt, salesCloseAt }) }))).toBeNull();
  });

  it.each([
    [after(0.001), null],
    [null, noon],
    [after(-2), after(-1)],
  ])('from %p to %p is closed at noon', (salesOpenAt, salesCloseAt) => {
    expect(withinSaleWindow(anAttempt({ concert: aConcert({ salesOpenAt, salesCloseAt }) }))).toMatchObject({
      code: 'SALES_CLOSED',
      members: { salesOpenAt: salesOpenAt?.toISOString() ?? null, salesCloseAt: salesCloseAt?.toISOString() ?? null },
    });
  });
});

describe('the ticket limit', () => {
  const ada = { userId: 'ada' };
  const withClaims = (...claims: ReturnType<typeof aHeldClaim>[]) => ({ inventory: anInventory({ claims }) });

  it.each([
    ['nothing', withClaims()],
    ['three held or sold', withClaims(aHeldClaim(2, ada), aHeldClaim(3, ada), aSoldClaim(4, ada))],
    ['lapsed holds', withClaims(...[2, 3, 4, 5].map((number) => aLapsedClaim(number, ada)))],
    ['others’ seats', withClaims(...[2, 3, 4, 5].map((number) => aHeldClaim(number)))],
    ['another date', withClaims(...[2, 3, 4, 5].map((number) => aHeldClaim(number, { ...ada, scheduleId: anId(2) })))],
  ])('of four allows one more on top of %s', (_, attempt) => {
    expect(withinTicketLimit(anAttempt(attempt))).toBeNull();
  });

  it.each([
    ['a hold of five', { seatIds: [1, 2, 3, 4, 5].map(seat) }],
    ['one more on top of four held', withClaims(...[2, 3, 4, 5].map((number) => aHeldClaim(number, ada)))],
    ['one more on top of four sold', withClaims(...[2, 3, 4, 5].map((number) => aSoldClaim(number, ada)))],
  ])('of four refuses %s', (_, attempt) => {
    expect(withinTicketLimit(anAttempt(attempt))).toMatchObject({
      code: 'TICKET_LIMIT_EXCEEDED',
      members: { limit: 4 },
    });
  });
});
