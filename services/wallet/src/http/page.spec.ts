import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cursor, encodeCursor, limit } from './page.js';

describe('a page of entries', () => {
  it('goes on from the entry whose seq its cursor carries', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 18n - 1n }), (seq) => {
        expect(cursor.parse(encodeCursor(seq))).toBe(seq);
      }),
    );
  });

  it.each(['', 'x', 'MA', 'LTE', 'MS41', 'MTI=', 'not a cursor', 'OTk5OTk5OTk5OTk5OTk5OTk5OTk5'])(
    'refuses the cursor %j',
    (text) => {
      expect(cursor.safeParse(text).success).toBe(false);
    },
  );

  it('has 20 items unless told, and 1 to 100', () => {
    expect([limit.parse(undefined), limit.parse('1'), limit.parse('100')]).toEqual([20, 1, 100]);
    for (const text of ['0', '101', '-1', '1.5', '1e2', '', 'x']) expect(limit.safeParse(text).success).toBe(false);
  });
});
