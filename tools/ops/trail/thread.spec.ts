import { describe, expect, it } from '@jest/globals';
import type { KafkaRecord } from '#messaging';
import { drawnAt, nameIn } from './marks.js';
import { Thread } from './thread.js';

const limits = { records: 100, names: 100 };
const drawn = Date.parse('2026-11-24T10:00:00Z');
/** A UUIDv7 of that many seconds after `drawn`. */
const idAt = (seconds: number) => {
  const time = (drawn + seconds * 1_000).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${String(seconds).padStart(12, '0')}`;
};
let offset = 0n;
const record = (headers: Record<string, string>, payload: unknown = {}, key = 'key'): KafkaRecord => {
  const value = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(JSON.stringify(payload));
  return { topic: 'topic', partition: 0, offset: offset++, key, value, headers, appendedAt: drawn };
};
const taken = (name: string, records: readonly KafkaRecord[]) => {
  const thread = new Thread(name, limits);
  for (const one of records) thread.take(one);
  return thread;
};

describe('a thread', () => {
  const trace = '0af7651916cd43dd8448eb211c80319c';

  it.each([
    ['its message id', 'a', { ce_id: 'a' }, {}],
    ['what caused it', 'a', { causationid: 'a' }, {}],
    ['its correlation id', 'a', { correlationid: 'a' }, {}],
    ['its subject', 'a', { ce_subject: 'a' }, {}],
    ['its trace', trace, { traceparent: `00-${trace}-b7ad6b7169203331-01` }, {}],
    ['an id in its payload', 'a', {}, { place: { tokenId: 'a' } }],
    ['one of the ids in its payload', 'a', {}, { body: { seatIds: ['b', 'a'] } }],
  ])('finds a record by %s', (_, name, headers, payload) => {
    expect(taken(name, [record(headers, payload)]).records).toHaveLength(1);
  });

  it('finds a record by its key', () => {
    expect(taken('ada', [record({}, {}, 'ada')]).records).toHaveLength(1);
  });

  it('finds a record however deep its id lies', () => {
    const deep = (inside: string) => `${'{"body":'.repeat(60_000)}${inside}${'}'.repeat(60_000)}`;
    expect(taken('a', [record({}, deep('{"placeId":"a"}')), record({}, deep('[]'))]).records).toHaveLength(1);
  });

  it('leaves what only looks like it: another id, a text that is none, no JSON', () => {
    const others = [record({ ce_id: 'b' }), record({}, { section: 'a' }), record({}, { title: 'a' }), record({}, 'a{')];
    expect(taken('a', others).records).toEqual([]);
  });

  it('follows requests, causes and what a message is about, over as many readings as it takes', () => {
    const paid = record({ ce_id: 'start', correlationid: 'second' }, { reservationId: 'r', paymentId: 'p' });
    const debit = record({ ce_id: 'debit', correlationid: 'second', causationid: 'start' }, { paymentId: 'p' });
    const late = record({ ce_id: 'check', correlationid: 'check' }, { paymentId: 'p' });
    const held = record({ ce_id: 'hold', correlationid: 'first' }, { reservationId: 'r' });
    const all = [late, debit, paid, held];
    const thread = taken('first', all);
    expect(thread.records).toEqual([held]);
    const sizes = [1, 2, 3].map(() => {
      for (const one of all) thread.take(one);
      return thread.size;
    });
    expect(thread.records).toHaveLength(4);
    expect(sizes[2]).toBe(sizes[1]);
  });

  it('does not follow whom or what thousands share', () => {
    const shared = { userId: 'u', concertId: 'c', scheduleId: 's', seatIds: ['x'] };
    const hold = record({ ce_id: 'hold', ce_subject: 'r' }, { reservationId: 'r', ...shared }, 's');
    const other = record({ ce_id: 'other' }, { reservationId: 'q', ...shared }, 's');
    expect(taken('r', [hold, other, hold, other]).records).toEqual([hold]);
    expect(taken('u', [hold, other]).records).toHaveLength(2);
  });

  it('keeps no more than its limits, and says so', () => {
    const thread = new Thread('a', { records: 2, names: 3 });
    for (const id of ['1', '2']) thread.take(record({ correlationid: 'a', ce_id: id }));
    expect(thread.cut).toBe(false);
    thread.take(record({ correlationid: 'a', ce_id: '3' }));
    expect([thread.records.length, thread.ids.length, thread.cut]).toEqual([2, 3, true]);
  });

  it('begins a minute before the oldest of its ids that tells its time', () => {
    expect(new Thread('ada', limits).since).toBeNull();
    const thread = taken(idAt(60), [
      record({ correlationid: idAt(60) }, { reservationId: idAt(0), concertId: idAt(-9) }),
    ]);
    expect(thread.since).toBe(drawn - 60_000);
  });
});

describe('an id', () => {
  it('tells its time when it is a UUIDv7', () => {
    expect(drawnAt(idAt(5))).toBe(drawn + 5_000);
    for (const other of ['ff500a88-5c11-8ca4-8995-b021efbb416a', 'ada', '']) expect(drawnAt(other)).toBeNull();
  });

  it('is taken as it is copied: in capitals, with spaces, or as a whole traceparent', () => {
    expect(nameIn(' FF500A88-5C11-8CA4-8995-B021EFBB416A\n')).toBe('ff500a88-5c11-8ca4-8995-b021efbb416a');
    expect(nameIn('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(nameIn('Ada')).toBe('Ada');
  });
});
