import { describe, expect, it } from '@jest/globals';
import { aPlace, anActivePlace, noon, secondsAfter } from '../../test/line.builders.js';
import { activate, canMove, finish, IllegalMove, isLive, type PlaceStatus } from './place.js';

const statuses: PlaceStatus[] = ['WAITING', 'ACTIVE', 'SPENT', 'LEFT', 'EXPIRED'];

describe('a place', () => {
  it('makes these moves and no others', () => {
    const allowed = statuses.flatMap((from) => statuses.filter((to) => canMove(from, to)).map((to) => `${from} ${to}`));
    expect(allowed).toEqual([
      'WAITING ACTIVE',
      'WAITING SPENT',
      'WAITING LEFT',
      'WAITING EXPIRED',
      'ACTIVE SPENT',
      'ACTIVE LEFT',
      'ACTIVE EXPIRED',
      'EXPIRED SPENT',
    ]);
  });

  it('throws on any other move and stays as it was', () => {
    const place = aPlace(1, { status: 'LEFT' });
    expect(() => finish(place, 'SPENT', noon)).toThrow(IllegalMove);
    expect(() => activate(place, noon, noon)).toThrow(IllegalMove);
    expect(place).toEqual(aPlace(1, { status: 'LEFT' }));
  });

  it('waits alive up to its lease, and not at it', () => {
    const place = aPlace(1, { leaseUntil: secondsAfter(noon, 10) });
    expect(isLive(place, noon, secondsAfter(noon, 9.999))).toBe(true);
    expect(isLive(place, noon, secondsAfter(noon, 10))).toBe(false);
  });

  it('is active up to the end of its pass whatever its lease says', () => {
    const place = anActivePlace(1, { leaseUntil: secondsAfter(noon, 5_000) });
    expect(isLive(place, secondsAfter(noon, 599.999), noon)).toBe(true);
    expect(isLive(place, secondsAfter(noon, 600), noon)).toBe(false);
  });

  it.each(['SPENT', 'LEFT', 'EXPIRED'] as const)('is over once %s', (status) => {
    expect(isLive(anActivePlace(1, { status }), noon, noon)).toBe(false);
  });
});
