import { describe, expect, it } from '@jest/globals';
import { readingOf } from './reading.js';
import { inOrder, outcomesOf, type Step, stepOf } from './step.js';

const step = (id: string, second: number, causedBy: string | null = null, where = `topic/0@${id}`): Step => ({
  at: new Date(Date.UTC(2026, 10, 24, 10, 0, second)).toISOString(),
  where,
  type: 'a.Message.v1',
  from: 'one',
  to: 'another',
  id,
  causedBy,
  what: '',
});
const ids = (steps: readonly Step[]) => inOrder(steps).map(({ id }) => id);

describe('the steps of a trail', () => {
  it('are in the order of their times', () => {
    expect(ids([step('3', 3), step('1', 1), step('2', 2)])).toEqual(['1', '2', '3']);
  });

  it('never come before what caused them, whatever the clocks say', () => {
    expect(ids([step('effect', 1, 'cause'), step('cause', 5), step('between', 3)])).toEqual([
      'between',
      'cause',
      'effect',
    ]);
    const atOnce = [step('a', 1, 'b'), step('b', 1, 'c'), step('c', 1)];
    expect(ids(atOnce)).toEqual(['c', 'b', 'a']);
  });

  it('of one time and depth are in the order of their places', () => {
    const [ten, nine] = [step('x', 1, null, 'topic/0@10'), step('y', 1, null, 'topic/0@9')];
    expect(ids([ten, nine])).toEqual(['y', 'x']);
  });

  it('that cause one another, or themselves, do not keep it from ending', () => {
    expect(ids([step('a', 1, 'b'), step('b', 2, 'a'), step('c', 3, 'c')])).toHaveLength(3);
  });

  it('follow the message that a row was written for', () => {
    const row = step('payment', 1, 'start', 'reservation.payment_timeline');
    expect(ids([row, step('start', 2)])).toEqual(['start', 'payment']);
  });
});

describe('a record as a step', () => {
  const record = {
    topic: 'concert.events',
    partition: 2,
    offset: 15n,
    key: 's',
    value: Buffer.from('{"reservationId":"r","seats":[{},{}],"amount":100000,"title":"Demo"}'),
    headers: { ce_id: 'm', ce_type: 'concert.SeatsHeld.v1', ce_source: 'concert', causationid: 'hold' },
    appendedAt: Date.UTC(2026, 10, 24),
  };

  it('says when, where, from whom, to whom, by what and what it holds', () => {
    expect(stepOf(record)).toEqual({
      at: '2026-11-24T00:00:00.000Z',
      where: 'concert.events/2@15',
      type: 'concert.SeatsHeld.v1',
      from: 'concert',
      to: 'queue, reservation',
      id: 'm',
      causedBy: 'hold',
      what: 'seats=2 amount=100000 title=Demo',
    });
  });

  it('of the gateway’s replies goes to the gateway, of a dead letter topic to nobody, with its reason', () => {
    expect(stepOf({ ...record, topic: 'gateway.replies' }).to).toBe('gateway');
    const headers = { ...record.headers, reason: 'malformed', error: 'the value is not JSON' };
    const parked = stepOf({ ...record, topic: 'concert.events.reservation.dlt', headers, value: Buffer.from('{') });
    expect([parked.to, parked.what]).toEqual(['-', 'parked (malformed): the value is not JSON']);
  });

  it('has what the services made of it; a command that its reader has not claimed is not handled yet', () => {
    const command = stepOf({ ...record, topic: 'concert.commands' });
    expect(outcomesOf(command, new Map()).outcomes).toEqual([{ service: 'concert', outcome: 'not handled yet' }]);
    const answered = { service: 'concert', outcome: 'answered' };
    expect(outcomesOf(command, new Map([['m', [answered]]])).outcomes).toEqual([answered]);
    // Its readers pass over the types they do not listen to.
    expect(outcomesOf(stepOf(record), new Map()).outcomes).toBeUndefined();
  });
});

describe('the reading of a payload', () => {
  it.each<[unknown, string]>([
    [
      { code: 'SEAT_NOT_FOUND', detail: 'There is no such seat.', replayed: false },
      'SEAT_NOT_FOUND: There is no such seat.',
    ],
    [{ body: { status: 'WAITING', amount: 5, reservationId: 'r' }, replayed: true }, 'WAITING amount=5 (again)'],
    [{ body: {}, replayed: false }, ''],
    [{ reason: 'EXPIRED', seatIds: ['a', 'b'], until: null }, 'EXPIRED seats=2'],
    [null, ''],
  ])('of %j is a few words', (payload, words) => {
    expect(readingOf(payload)).toBe(words);
  });

  it('is read no deeper than its body', () => {
    const deep = JSON.parse(`${'{"body":'.repeat(60_000)}{}${'}'.repeat(60_000)}`) as unknown;
    expect(readingOf(deep)).toBe('');
  });
});
