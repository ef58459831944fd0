import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandKinds, readKinds } from '../history.js';
import { violationsIn } from './check.js';
import { HonestWorld, price, type Step } from './honest-world.js';

const delay = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 600 }));
const seldom = <T>(...values: T[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) });
const kinds = [...commandKinds, ...commandKinds, 'pay', ...readKinds] as const;
const steps: fc.Arbitrary<Step> = fc.record({
  fan: fc.constantFrom('ada', 'bob', 'cy'),
  kind: fc.constantFrom(...kinds),
  amount: fc.constantFrom(5_000, price, 3 * price),
  seats: fc.uniqueArray(fc.nat({ max: 4 }), { minLength: 1, maxLength: 3 }),
  which: fc.nat({ max: 2 }),
  twice: seldom('one-key', 'two-keys'),
  losesSeats: seldom(true).map((loses) => loses ?? false),
  unanswered: seldom('never', 'happens'),
  delays: fc.tuple(fc.oneof(delay, delay, fc.nat({ max: 5_000 })), delay, delay, delay),
});
const histories = fc.array(steps, { minLength: 10, maxLength: 80 }).map((all) => HonestWorld.history(all));

describe('a history', () => {
  it('of any honest system is accepted, undecided operations or not', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(histories, (history) => {
        for (const { kind, status } of history.operations) met.add(`${kind} ${status}`);
        expect(violationsIn(history)).toEqual([]);
      }),
      { numRuns: 500 },
    );
    const payments = [200, 201, 402, 409, 410, null].map((status) => `pay ${status}`);
    expect([...met]).toEqual(
      expect.arrayContaining([...payments, 'hold 409', 'cancel 200', 'cancel 409', 'cancel null']),
    );
  });

  it('of any honest system is rejected once a balance that was told is another', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (history, which) => {
        const told = history.operations.filter(({ answer }) => answer?.balance !== undefined);
        const wrong = told[which % told.length]!;
        const changed = { ...wrong, answer: { ...wrong.answer, balance: wrong.answer!.balance! + 1 } };
        const mutated = history.operations.map((one) => (one === wrong ? changed : one));
        expect(violationsIn({ ...history, operations: mutated })).not.toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
