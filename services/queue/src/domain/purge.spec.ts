import { expect, it } from '@jest/globals';
import { pageOf, purgePage } from './purge.js';

const found = (count: number) => Array.from({ length: count }, (_, n) => ({ generation: 1, queueNumber: n + 1 }));

it('deletes at most a page, and asks for more only when there is more', () => {
  expect(pageOf(found(0))).toEqual({ doomed: [], more: false });
  expect(pageOf(found(purgePage))).toEqual({ doomed: found(purgePage), more: false });
  expect(pageOf(found(purgePage + 1))).toEqual({ doomed: found(purgePage), more: true });
});
