import { expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { newId } from './ids.js';

it('makes UUIDv7s that differ and sort as they were made, within a millisecond too', () => {
  const before = Date.now();
  const ids = Array.from({ length: 20_000 }, newId);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  const madeAt = Number.parseInt(ids[0]!.replaceAll('-', '').slice(0, 12), 16);
  expect(madeAt).toBeGreaterThanOrEqual(before);
  expect(madeAt).toBeLessThanOrEqual(Date.now());
});
