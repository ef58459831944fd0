import { describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { aClass, aRoom, aSnapshot, aToken, noon } from '../../test/admission-builders.js';
import { chanceOf } from './chance.js';
import { Room } from './room.js';
import { judge } from './verdict.js';
import { estimatedWaitSeconds } from './wait.js';

const before = queue.numberBefore(1);
const judging = { userId: 'ann', stale: false, payLateMs: 0 };
const verdictOf = (room: Room, number: number) => judge(aToken({ queueNumber: before + number }), room, noon, judging);

describe('a place of a class', () => {
  it('counts the places before it in its own line', () => {
    const room = aRoom({ classes: aClass(5) });
    expect(verdictOf(room, 3)).toEqual({ status: 'WAITING', position: 3 });
    expect(judge(aToken({ queueNumber: 3 }), room, noon, judging)).toEqual({ status: 'WAITING', position: 3 });
    // Joined after the snapshot.
    expect(verdictOf(room, 7)).toEqual({ status: 'WAITING', position: 7 });
  });

  it('is judged by what the snapshot says of its class', () => {
    const set = (...numbers: number[]) => queue.encodeNumberSet(numbers.map((number) => before + number));
    const gone = { spent: set(1), left: set(2), passedOver: set(3), servingNumber: before + 4 };
    const activated = [{ from: before + 1, to: before + 4, at: noon - 1_000 }];
    const room = aRoom({ classes: aClass(6, { ...gone, buckets: { size: 1, live: [1, 1] } }) }, { activated });
    expect([1, 2, 3].map((number) => verdictOf(room, number))).toMatchObject([
      { status: 'EXPIRED', reason: 'SPENT' },
      { status: 'EXPIRED', reason: 'LEFT' },
      { status: 'EXPIRED', reason: 'LAPSED' },
    ]);
    expect(verdictOf(room, 4)).toEqual({ status: 'ACTIVE', activeUntil: noon - 1_000 + 600_000 });
    expect(verdictOf(room, 6)).toEqual({ status: 'WAITING', position: 2 });
    // The same numbers of everybody are others.
    expect(judge(aToken({ queueNumber: 1 }), room, noon, judging)).toEqual({ status: 'WAITING', position: 1 });
  });

  it('waits where the snapshot is older than its class, at the position it was shown', () => {
    expect(judge(aToken({ queueNumber: before + 1, shownPosition: 9 }), aRoom(), noon, judging)).toEqual({
      status: 'WAITING',
      position: 9,
    });
  });
});

describe('of a line with classes', () => {
  const estimate = (room: Room, number: number, position: number) =>
    estimatedWaitSeconds(room, position, noon, room.lineOf(number));

  it('the next tick takes the share of each, and what the others are too few for', () => {
    const measured = { ratePerSecond: 0.01, activationBatch: 10 };
    const room = aRoom({ ...measured, classes: aClass(5, { ratePerSecond: 0.01 }) });
    expect([estimate(room, 1, 8), estimate(room, 1, 9)]).toEqual([5, 900]);
    expect([estimate(room, before + 1, 2), estimate(room, before + 1, 3)]).toEqual([5, 300]);
    const few = aRoom({ ...measured, classes: aClass(1) });
    expect([estimate(few, 1, 9), estimate(few, 1, 10)]).toEqual([5, 1_000]);
  });

  it('a chance is LIKELY where seats would be left even if all of the others went first', () => {
    const stock = { seatsLeft: 20, seatsSold: 0, buyers: 0 };
    const room = aRoom({ stock, classes: aClass(5) });
    expect([chanceOf(room, 5, room.lineOf(1)), chanceOf(room, 6, room.lineOf(1))]).toEqual(['LIKELY', 'UNLIKELY']);
    expect(chanceOf(room, 0, room.lineOf(1))).toBe('LIKELY');
  });

  it('stands still only when no class moves', () => {
    const earlier = aRoom({ classes: aClass(5) });
    const moved = aClass(5, { servingNumber: before + 1 });
    const next = (classes: queue.QueueSnapshot['classes']) =>
      new Room(aSnapshot({ tickNumber: 2, classes }), 0, earlier);
    expect([next(moved).standsStill, next(aClass(5)).standsStill]).toEqual([false, true]);
  });
});
