import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { drawNumbers, hashOfSeed } from './draw.js';

const seed = (number: number) => createHash('sha256').update(`seed ${number}`).digest('hex');

describe('a draw', () => {
  it('gives each registration one number of 1 to the registered, the same each time', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(300), (number, registered) => {
        const numbers = drawNumbers(seed(number), registered);
        expect([...numbers].sort((one, other) => one - other)).toEqual(
          Array.from({ length: registered }, (_, index) => index + 1),
        );
        expect(drawNumbers(seed(number), registered)).toEqual(numbers);
      }),
    );
  });

  it('is what anybody computes from the seed: these values are from another program, with the keystream of openssl', () => {
    const zeros = '0'.repeat(64);
    expect([...drawNumbers(zeros, 10)]).toEqual([1, 4, 8, 6, 3, 10, 2, 5, 9, 7]);
    // Eight words are left out on the way.
    const many = drawNumbers(zeros, 300_000);
    expect([...many.slice(0, 3), ...many.slice(-3)]).toEqual([116_836, 206_705, 169_415, 237_833, 247_579, 1_657]);
    expect(hashOfSeed(zeros)).toBe('66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925');
  });

  // 49 counts around 1,428.6 with 36 degrees of freedom: chi-square is above 67.99 once in a thousand, and these seeds stay.
  it('gives every registration every number equally often, over 10,000 seeds', () => {
    const registered = 7;
    const draws = 10_000;
    const counts = Array.from({ length: registered }, () => new Array<number>(registered).fill(0));
    for (let number = 0; number < draws; number += 1) {
      drawNumbers(seed(number), registered).forEach((drawn, index) => (counts[index]![drawn - 1]! += 1));
    }
    const expected = draws / registered;
    const chiSquare = counts.flat().reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(67.99);
  });

  // 24 counts around 416.7 with 23 degrees of freedom: above 49.73 once in a thousand.
  it('has every order of four equally often, over 10,000 seeds', () => {
    const counts = new Map<string, number>();
    for (let number = 0; number < 10_000; number += 1) {
      const order = drawNumbers(seed(number), 4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const expected = 10_000 / 24;
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(49.73);
  });
});
