import { describe, expect, it } from '@jest/globals';
import type { History, Operation, OperationKind, Told } from '../history.js';
import { violationsIn } from './check.js';
import { HonestWorld, price, type Step } from './honest-world.js';

const quick = [10, 5, 5, 5] as const;
const step = (fan: string, kind: OperationKind, more: Partial<Step> = {}): Step => ({
  fan,
  kind,
  delays: quick,
  ...more,
});

/** Ada buys two seats; Bob is refused one of them, buys another, gives it back; Cy cannot pay, and Dan gets Cy's seat. */
const story: readonly Step[] = [
  step('ada', 'top-up', { amount: 50_001 }),
  step('ada', 'read-wallet'),
  step('ada', 'hold', { seats: [1, 2] }),
  step('ada', 'pay', { twice: 'one-key' }),
  step('ada', 'read-reservation'),
  step('ada', 'read-payment'),
  step('ada', 'top-up', { amount: 7_002 }),
  step('ada', 'read-wallet'),
  step('bob', 'top-up', { amount: 30_001, delays: [200, 5, 5, 5] }),
  step('bob', 'hold', { seats: [2, 3] }),
  step('bob', 'hold', { seats: [3] }),
  step('bob', 'pay', { twice: 'two-keys' }),
  step('bob', 'pay'),
  step('bob', 'cancel'),
  step('bob', 'read-wallet'),
  step('cy', 'hold', { seats: [4] }),
  step('cy', 'pay'),
  step('cy', 'read-reservation', { delays: [5_000, 5, 5, 5] }),
  step('cy', 'pay'),
  step('dan', 'top-up', { amount: 20_001, delays: [6_000, 5, 5, 5] }),
  step('dan', 'hold', { seats: [4] }),
  step('dan', 'pay', { losesSeats: true }),
  step('dan', 'read-wallet'),
];

type Find = Partial<Pick<Operation, 'fan' | 'kind' | 'status' | 'final'>>;

/** A history to be told wrong. */
class Retold {
  readonly history: History = JSON.parse(JSON.stringify(HonestWorld.history(story))) as History;

  /** The nth operation like this, for writing. */
  operation(like: Find, nth = 0): { -readonly [Member in keyof Operation]: any } {
    const found = this.history.operations.filter((one) =>
      Object.entries(like).every(([name, value]) => one[name as keyof Find] === value),
    );
    return found[nth]!;
  }

  /** The last page of a fan's entries, newest first. */
  entries(fan: string): Told[] {
    return this.operation({ fan, kind: 'read-entries' }).answer.items;
  }

  rules(): string[] {
    return [...new Set(violationsIn(this.history).map(({ rule }) => rule))];
  }
}

describe('a history', () => {
  it('of an honest system is accepted, and has all that the mutations need', () => {
    const { history } = new Retold();
    expect(violationsIn(history)).toEqual([]);
    const met = new Set(history.operations.map(({ kind, status }) => `${kind} ${status}`));
    const needed = ['hold 409', 'pay 200', 'pay 402', 'pay 410', 'cancel 200', 'read-payment 200'];
    expect([...met]).toEqual(expect.arrayContaining(needed));
  });

  it.each<[string, string, (told: Retold) => void]>([
    [
      'a doubled seat',
      'two owners of one seat',
      (told) => (told.operation({ fan: 'bob', kind: 'hold', status: 201 }).answer.seatIds = ['seat-1']),
    ],
    [
      'a seat taken over before its hold ended',
      'two owners of one seat',
      (told) => {
        const taker = told.operation({ fan: 'dan', kind: 'hold' }).answer;
        const taken = told.operation({ fan: 'cy', kind: 'hold' }).answer;
        taker.createdAt = new Date(Date.parse(taken.expiresAt) - 1).toISOString();
      },
    ],
    [
      'a seat refused that nobody could own',
      'a seat refused that nobody could own',
      (told) => {
        const refused = told.operation({ fan: 'bob', kind: 'hold', status: 409 });
        refused.answer.seatIds = ['seat-3'];
        Object.assign(refused, { invokedAt: 1, completedAt: 2 });
      },
    ],
    [
      'a seat refused after its hold was over',
      'a seat refused that nobody could own',
      (told) => {
        const late = told.operation({ fan: 'dan', kind: 'hold' });
        Object.assign(late, { status: 409, answer: { code: 'ALREADY_RESERVED_SEAT', seatIds: ['seat-4'] } });
        Object.assign(late, { invokedAt: 99_000, completedAt: 99_001 });
      },
    ],
    [
      'a refusal that names a seat not asked for',
      'a refusal of other seats',
      (told) => (told.operation({ kind: 'hold', status: 409 }).answer.seatIds = ['seat-1']),
    ],
    [
      'a lost top-up',
      'a lost top-up',
      (told) => {
        const entries = told.entries('ada') as { balanceAfter: number }[];
        entries.splice(0, 1);
        told.operation({ fan: 'ada', kind: 'read-wallet', final: true }).answer.balance = entries[0]!.balanceAfter;
        told.operation({ fan: 'ada', kind: 'read-wallet' }, 1).answer.balance = entries[0]!.balanceAfter;
      },
    ],
    [
      'a stale balance',
      'a balance that cannot have been',
      (told) => (told.operation({ fan: 'ada', kind: 'read-wallet' }, 1).answer.balance = 50_001),
    ],
    [
      'a stale reservation',
      'gone back',
      (told) => (told.operation({ fan: 'ada', kind: 'read-reservation' }).answer.status = 'WAITING'),
    ],
    [
      'a stale payment',
      'gone back',
      (told) => (told.operation({ fan: 'ada', kind: 'read-payment' }).answer.status = 'PROCESSING'),
    ],
    [
      'a swapped order',
      'an order against time',
      (told) => {
        const [second, debit, first] = told.entries('ada') as any[];
        const [before, after] = told.history.operations.filter(
          (one) => one.fan === 'ada' && one.kind === 'top-up',
        ) as any;
        second.balanceAfter = after.answer.balance = 7_002;
        first.balanceAfter = before.answer.balance = 57_003;
        debit.balanceAfter = 57_003 - 2 * price;
        told.entries('ada').splice(0, 3, debit, first, second);
      },
    ],
    [
      'a refund twice',
      'a movement that nobody asked for',
      (told) => {
        const [refund] = told.entries('bob');
        const balanceAfter = refund!.balanceAfter! + price;
        told.entries('bob').unshift({ ...refund, entryId: 'again', balanceAfter });
        for (const nth of [0, 1])
          told.operation({ fan: 'bob', kind: 'read-wallet' }, nth).answer.balance = balanceAfter;
      },
    ],
    [
      'a debit without a payment',
      'a movement that nobody asked for',
      (told) => {
        const paymentId = told.operation({ fan: 'cy', kind: 'pay', status: 402 }).answer.paymentId;
        told.entries('dan').unshift({ kind: 'DEBIT', amount: price, balanceAfter: 10_001, paymentId });
        told.operation({ fan: 'dan', kind: 'read-wallet', final: true }).answer.balance = 10_001;
      },
    ],
    ['a payment without a debit', 'a completed payment without its debit', (told) => told.entries('ada').splice(1, 1)],
    [
      'a compensation without a refund',
      'a lost refund',
      (told) => {
        told.entries('dan').splice(0, 1);
        for (const nth of [0, 1]) told.operation({ fan: 'dan', kind: 'read-wallet' }, nth).answer.balance = 10_001;
      },
    ],
    [
      'a sum that is wrong',
      'a balance that is not the sum',
      (told) => Object.assign(told.entries('dan')[1]!, { balanceAfter: 10_000 }),
    ],
    [
      'a refusal with enough money',
      'refused with enough money',
      (told) => (told.operation({ fan: 'cy', kind: 'pay', status: 402 }).answer.balance = price),
    ],
    [
      'another answer to a repeat',
      'two decisions of one key',
      (told) => (told.operation({ fan: 'ada', kind: 'pay' }, 1).answer.amount = price),
    ],
    [
      'another status to a repeat',
      'two decisions of one key',
      (told) => (told.operation({ fan: 'ada', kind: 'pay' }, 1).status = 200),
    ],
    [
      'a vanished reservation',
      'vanished',
      (told) => told.operation({ fan: 'bob', kind: 'read-reservations' }).answer.items.pop(),
    ],
    [
      'a payment not found',
      'vanished',
      (told) => Object.assign(told.operation({ kind: 'read-payment' }), { status: 404, answer: {} }),
    ],
    [
      'a reservation that nobody asked for',
      'a reservation that nobody asked for',
      (told) =>
        told.operation({ fan: 'bob', kind: 'read-reservations' }).answer.items.push({
          reservationId: 'x',
          seatIds: ['seat-9'],
        }),
    ],
    [
      'a cancellation that nobody asked for',
      'came from nowhere',
      (told) => {
        const shown = told.operation({ fan: 'cy', kind: 'read-reservations' }).answer.items[0];
        told.operation({ fan: 'cy', kind: 'read-reservation' }).answer.status = shown.status = 'CANCELLED';
      },
    ],
    [
      'a reservation paid twice',
      'paid twice',
      (told) => (told.operation({ fan: 'bob', kind: 'pay', status: 200 }).answer.paymentId = 'another'),
    ],
    [
      'a refund that is not what was paid',
      'a wrong refund',
      (told) => (told.operation({ fan: 'bob', kind: 'cancel' }).answer.refundedAmount = price - 1),
    ],
    [
      'a hold that ended too soon',
      'expired before its time',
      (told) => Object.assign(told.operation({ fan: 'cy', kind: 'pay', status: 410 }), { completedAt: 400 }),
    ],
    [
      'a payment begun after its hold',
      'paid after its time',
      (told) => {
        for (const nth of [0, 1])
          Object.assign(told.operation({ fan: 'ada', kind: 'pay' }, nth), { invokedAt: 90_000 });
      },
    ],
    [
      'entries that nobody read',
      'never read',
      (told) => Object.assign(told.operation({ kind: 'read-entries' }), { status: null, answer: null }),
    ],
  ])('with %s is rejected as %s', (_, rule, mutate) => {
    const told = new Retold();
    mutate(told);
    expect(told.rules()).toContain(rule);
    for (const { operations } of violationsIn(told.history).filter((one) => one.rule === rule)) {
      if (rule !== 'a movement that nobody asked for') expect(operations.length).toBeGreaterThan(0);
    }
  });
});
