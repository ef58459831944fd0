import { describe, expect, it } from '@jest/globals';
import {
  aDeadPlace,
  aLineWith,
  anActivePlace,
  anId,
  aPlace,
  noon,
  rules,
  secondsAfter,
} from '../../test/line.builders.js';
import { join, type Joined } from './join.js';
import type { Line } from './line.js';

const joinAs = (line: Line, userId: string, token = 0xf00): Joined =>
  join(line, { userId, tokenId: anId(token) }, rules);
const placeIn = (joined: Joined) => {
  if ('refused' in joined) throw new Error(joined.refused.code);
  return joined.place;
};

describe('joining a line', () => {
  it('draws the next number, with a lease of a token and a half', () => {
    const line = aLineWith([aPlace(41)]);
    expect(joinAs(line, 'ada')).toEqual({
      created: true,
      place: aPlace(42, { userId: 'ada', tokenId: anId(0xf00), leaseUntil: secondsAfter(noon, 900) }),
    });
    expect(line.room.lastNumber).toBe(42);
    expect(line.visibleChange).toBe(true);
  });

  it('draws numbers without a gap in the order of the messages', () => {
    const line = aLineWith([]);
    const numbers = ['c', 'a', 'b', 'a'].map((user, token) => placeIn(joinAs(line, user, token)).queueNumber);
    expect(numbers).toEqual([1, 2, 3, 2]);
    expect(line.created.map(({ userId }) => userId)).toEqual(['c', 'a', 'b']);
  });

  it('gives a waiting user the same place, which was seen just now', () => {
    const line = aLineWith([aPlace(1)], { now: secondsAfter(noon, 100) });
    const again = joinAs(line, 'u1');
    expect(again).toEqual({ created: false, place: aPlace(1, { leaseUntil: secondsAfter(noon, 1_000) }) });
    expect([...line.changed]).toEqual([placeIn(again)]);
    expect(line.visibleChange).toBe(false);
  });

  it('gives an active user the same pass, not a longer one', () => {
    const line = aLineWith([anActivePlace(1)], { now: secondsAfter(noon, 599) });
    expect(joinAs(line, 'u1')).toEqual({ created: false, place: anActivePlace(1) });
    expect(line.changed.size).toBe(0);
  });

  it.each([
    ['a place past its lease', aDeadPlace(1), 0],
    ['a pass past its end', anActivePlace(1), 600],
    ['a place of an older generation', aPlace(1, { generation: 0 }), 0],
  ])('ends %s and draws a new number', (_, had, seconds) => {
    const line = aLineWith([had], { now: secondsAfter(noon, seconds) });
    expect(joinAs(line, 'u1')).toMatchObject({ created: true, place: { queueNumber: 2, status: 'WAITING' } });
    expect([...line.changed]).toEqual([expect.objectContaining({ queueNumber: 1, status: 'EXPIRED' })]);
    expect(placeIn(joinAs(line, 'u1')).queueNumber).toBe(2);
  });

  it.each(['SPENT', 'LEFT', 'EXPIRED'] as const)('draws a new number for a user whose place is %s', (status) => {
    const line = aLineWith([aPlace(1, { status })]);
    expect(joinAs(line, 'u1')).toMatchObject({ created: true, place: { queueNumber: 2 } });
    expect(line.changed.size).toBe(0);
  });

  it('takes newcomers in while paused', () => {
    expect(joinAs(aLineWith([], { room: { mode: 'PAUSED' } }), 'ada')).toMatchObject({ created: true });
  });

  it.each(['DRAIN', 'CLOSED'] as const)('takes nobody new in under %s, and leaves a dead place as it is', (mode) => {
    const line = aLineWith([aDeadPlace(1), aPlace(2)], { room: { mode, salesOpenAt: secondsAfter(noon, 60) } });
    const refused = {
      refused: {
        code: 'QUEUE_CLOSED',
        detail: 'The waiting room takes nobody in.',
        members: { reason: mode, opensAt: '2026-11-23T12:01:00.000Z' },
      },
    };
    expect([joinAs(line, 'new'), joinAs(line, 'u1')]).toEqual([refused, refused]);
    expect(line.changed.size + line.created.length).toBe(0);
  });

  it('shows who waits the place under DRAIN, but not under CLOSED, and who has a pass in both', () => {
    for (const mode of ['DRAIN', 'CLOSED'] as const) {
      const line = aLineWith([anActivePlace(1), aPlace(2)], { now: secondsAfter(noon, 9), room: { mode } });
      expect(joinAs(line, 'u1')).toMatchObject({ created: false, place: { status: 'ACTIVE' } });
      const waiting = joinAs(line, 'u2');
      if (mode === 'DRAIN') expect(waiting).toMatchObject({ created: false, place: { queueNumber: 2 } });
      else expect(waiting).toMatchObject({ refused: { code: 'QUEUE_CLOSED', members: { reason: 'CLOSED' } } });
      expect(line.changed.size).toBe(mode === 'DRAIN' ? 1 : 0);
    }
  });

  it('takes nobody new in while every seat is sold or blocked, and shows who has a place that place', () => {
    const stock = { seatsLeft: 0, seatsSold: 9, buyers: 4 };
    const line = aLineWith([anActivePlace(1), aPlace(2), aDeadPlace(3)], { room: { stock } });
    expect(joinAs(line, 'u1')).toMatchObject({ created: false, place: { status: 'ACTIVE' } });
    expect(joinAs(line, 'u2')).toMatchObject({ created: false, place: { status: 'WAITING' } });
    const refused = { code: 'QUEUE_CLOSED', members: { reason: 'SOLD_OUT', opensAt: null } };
    expect([joinAs(line, 'u3'), joinAs(line, 'new')]).toMatchObject([{ refused }, { refused }]);
    expect(line.created).toEqual([]);
    const back = aLineWith([], { room: { stock: { ...stock, seatsLeft: 1 } } });
    expect(joinAs(back, 'new')).toMatchObject({ created: true });
  });

  it('says no opening time once the sale has begun', () => {
    const line = aLineWith([], { room: { mode: 'CLOSED', salesOpenAt: noon } });
    expect(joinAs(line, 'new')).toMatchObject({ refused: { members: { opensAt: null } } });
  });
});
