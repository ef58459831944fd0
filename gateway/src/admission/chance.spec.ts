import { describe, expect, it } from '@jest/globals';
import { aRoom } from '../../test/admission-builders.js';
import { chanceOf } from './chance.js';

const chance = (seatsLeft: number, position: number | null, { seatsSold = 0, buyers = 0, activeCount = 0 } = {}) =>
  chanceOf(aRoom({ stock: { seatsLeft, seatsSold, buyers }, activeCount }), position);

describe('the chance of a place', () => {
  it('is LIKELY as long as the seats that are left last up to it, two for each before anybody has bought', () => {
    expect([chance(10, 5), chance(10, 6)]).toEqual(['LIKELY', 'UNLIKELY']);
  });

  it('reckons with as many seats as buyers took so far on average', () => {
    const sold = { seatsSold: 30, buyers: 20 };
    expect([chance(9, 6, sold), chance(9, 7, sold)]).toEqual(['LIKELY', 'UNLIKELY']);
    expect([chance(7, 7, { seatsSold: 5, buyers: 5 }), chance(7, 8, { seatsSold: 5, buyers: 5 })]).toEqual([
      'LIKELY',
      'UNLIKELY',
    ]);
  });

  it('reckons with everybody who has a pass as well, and for them with all of them', () => {
    expect([chance(10, 2, { activeCount: 3 }), chance(10, 3, { activeCount: 3 })]).toEqual(['LIKELY', 'UNLIKELY']);
    expect([chance(10, 0, { activeCount: 5 }), chance(10, 0, { activeCount: 6 })]).toEqual(['LIKELY', 'UNLIKELY']);
  });

  it('is gone for everybody when no seat is left, also where the position is unknown', () => {
    expect([chance(0, 1), chance(0, 0), chance(0, null)]).toEqual(Array(3).fill('SOLD_OUT'));
    expect(chance(1, 1)).toBe('UNLIKELY');
  });

  it('is unknown without a count, a position or a snapshot', () => {
    expect([chanceOf(aRoom(), 1), chance(10, null), chanceOf(undefined, 1)]).toEqual([null, null, null]);
  });
});
