import { expect, it } from '@jest/globals';
import { classOf, classSpan, controls, hashOfCode, mostClasses, numberBefore, numberInClass } from './index.js';

it('a queue number says its class, and counts from 1 in it', () => {
  for (const index of [0, 1, mostClasses]) {
    for (const number of [1, 2, classSpan]) {
      expect([classOf(numberBefore(index) + number), numberInClass(numberBefore(index) + number)]).toEqual([
        index,
        number,
      ]);
    }
  }
  expect(classOf(-7)).toBe(0);
  // As wide as the column that numbers are kept in.
  expect(numberBefore(mostClasses) + classSpan).toBeLessThan(2 ** 31);
});

it('a code is the same however it is typed, and another one for another concert', () => {
  const hash = hashOfCode('concert', 'Fan-Club 7');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect([hashOfCode('concert', ' fan-club 7 '), hashOfCode('concert', 'ＦＡＮ-CLUB 7')]).toEqual([hash, hash]);
  expect(hashOfCode('other', 'Fan-Club 7')).not.toBe(hash);
});

it.each([
  [
    'two of one name',
    [
      { name: 'a', share: 1 },
      { name: 'a', share: 1 },
    ],
  ],
  [
    'more than everything',
    [
      { name: 'a', share: 60 },
      { name: 'b', share: 41 },
    ],
  ],
  ['the class of everybody', [{ name: 'general', share: 1 }]],
  ['no word', [{ name: 'Fan Club', share: 1 }]],
  ['too many', Array.from({ length: mostClasses + 1 }, (_, n) => ({ name: `c${n}`, share: 1 }))],
])('classes cannot be %s', (_, classes) => {
  expect(controls.safeParse({ classes }).success).toBe(false);
});
