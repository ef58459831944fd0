import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { cursorTo, limit, pageOf } from './queries.js';

const cursor = cursorTo(z.tuple([z.iso.datetime(), z.string()]));
const positionOf = (row: { at: Date; id: string }) => [row.at.toISOString(), row.id];

describe('a page of a list', () => {
  it('goes on from the position that the page before ended with', () => {
    const at = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z') });
    fc.assert(
      fc.property(at, fc.string(), (time, id) => {
        const { nextCursor } = pageOf(
          [
            { at: time, id },
            { at: time, id },
          ],
          1,
          positionOf,
        );
        expect(cursor.parse(nextCursor)).toEqual([time.toISOString(), id]);
      }),
    );
  });

  it('is the last one when there are no more rows than asked for', () => {
    const row = { at: new Date(0), id: 'a' };
    expect(pageOf([row, row], 2, positionOf)).toEqual({ items: [row, row], nextCursor: null });
    expect(pageOf([], 2, positionOf)).toEqual({ items: [], nextCursor: null });
  });

  it('refuses a cursor that is another list’s, cut, padded or none', () => {
    const { nextCursor } = pageOf(
      [
        { at: new Date(0), id: 'a' },
        { at: new Date(0), id: 'b' },
      ],
      1,
      positionOf,
    );
    const another = Buffer.from('["a"]').toString('base64url');
    for (const text of [
      '',
      'x',
      'not a cursor',
      another,
      `${nextCursor}=`,
      nextCursor!.slice(0, -1),
      `${nextCursor} `,
    ]) {
      expect(cursor.safeParse(text).success).toBe(false);
    }
  });

  it('has 20 items unless told, and 1 to 100', () => {
    expect([limit.parse(undefined), limit.parse('1'), limit.parse('100')]).toEqual([20, 1, 100]);
    for (const text of ['0', '101', '-1', '1.5', '1e2', '', 'x']) expect(limit.safeParse(text).success).toBe(false);
  });
});
