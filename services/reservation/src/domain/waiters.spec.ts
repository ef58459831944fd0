import { expect, it } from '@jest/globals';
import { aWaiter } from '../../test/reservation.builders.js';
import { WAITERS_LIMIT, withWaiter } from './waiters.js';

it('each who asks waits once, and nobody waits for nobody', () => {
  const [first, second] = [aWaiter('request-1'), aWaiter('request-2')];
  expect(withWaiter(withWaiter(withWaiter([], first), second), first)).toEqual([first, second]);
  expect(withWaiter([first], null)).toEqual([first]);
});

it('of more than the limit the latest wait', () => {
  const asked = Array.from({ length: WAITERS_LIMIT + 5 }, (_, n) => aWaiter(`request-${n}`));
  const waiting = asked.reduce<ReturnType<typeof withWaiter>>((waiters, waiter) => withWaiter(waiters, waiter), []);
  expect(waiting).toEqual(asked.slice(5));
});
