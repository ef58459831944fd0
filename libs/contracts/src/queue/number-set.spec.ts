import { deflateRawSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeNumberSet, encodeNumberSet, NumberSetTooWide } from './number-set.js';

const numbers = fc
  .tuple(fc.integer({ min: 1, max: 1_000_000_000 }), fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 300 }))
  .map(([lowest, above]) => above.map((distance) => lowest + distance));

it('gives back exactly the numbers that were put in', () => {
  fc.assert(
    fc.property(numbers, (given) => {
      const decoded = decodeNumberSet(encodeNumberSet(given));
      const expected = [...new Set(given)].sort((a, b) => a - b);
      expect([...decoded]).toEqual(expected);
      expect(decoded.size).toBe(expected.length);
    }),
  );
});

it('has a number exactly when it was put in', () => {
  fc.assert(
    fc.property(numbers, fc.integer({ min: -10, max: 5_020 }), (given, distance) => {
      const asked = (given[0] ?? 1) + distance;
      expect(decodeNumberSet(encodeNumberSet(given)).has(asked)).toBe(given.includes(asked));
    }),
  );
});

it('writes no bits for an empty set', () => {
  expect(encodeNumberSet([])).toEqual({ from: 1, bits: '' });
  expect(decodeNumberSet({ from: 1, bits: '' }).has(1)).toBe(false);
});

it('keeps a tick of a thousand numbers below forty bytes', () => {
  const { bits } = encodeNumberSet(Array.from({ length: 1_000 }, (_, index) => 5_001 + index));
  expect(bits.length).toBeLessThan(40);
});

it('refuses a span that no snapshot could carry', () => {
  expect(() => encodeNumberSet([1, 20_000_000])).toThrow(NumberSetTooWide);
});

it('does not inflate a bomb', () => {
  const bits = deflateRawSync(new Uint8Array(8 * 1024 * 1024)).toString('base64');
  expect(() => decodeNumberSet({ from: 1, bits })).toThrow();
});
