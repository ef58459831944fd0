import { describe, expect, it } from '@jest/globals';
import { facts, json, table } from './table.js';

describe('a table', () => {
  const rows = [
    ['wallet', 7, 'a short one'],
    ['reservation', 1200, null],
  ];

  it('has its columns under their heads, numbers to the right', () => {
    expect(table(['service', 'count', 'error'], rows)).toBe(
      ['service      count  error', 'wallet           7  a short one', 'reservation   1200  -'].join('\n'),
    );
  });

  it('is cut where the terminal ends, by characters and not by their halves', () => {
    expect(table(['service', 'count', 'error'], rows, 24).split('\n')).toEqual([
      'service      count  err…',
      'wallet           7  a s…',
      'reservation   1200  -',
    ]);
    expect(table(['x'], [['🎟🎟🎟']], 2)).toBe('x\n🎟…');
  });

  it('keeps a cell on its line, and from commanding the terminal', () => {
    expect(table(['error'], [['one\n\u202etwo\u001b[2J\u2028three']])).toBe('error\none two [2J three');
  });

  it('of nothing is its heads', () => {
    expect(table(['one', 'two'], [])).toBe('one  two');
  });
});

describe('JSON', () => {
  it('is the value, and cannot command the terminal either', () => {
    const value = { type: '\u001b[2J\u009b31m\u007f', own: 'ä€🎟' };
    expect(JSON.parse(json(value))).toEqual(value);
    expect(json(value)).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('facts', () => {
  it('are a line each, nested ones as JSON', () => {
    expect(facts({ id: 'a', attempts: 2, why: null, place: { number: 1 }, left: undefined })).toBe(
      ['id        a', 'attempts  2', 'why       -', 'place     {"number":1}'].join('\n'),
    );
  });
});
