import { describe, expect, it } from '@jest/globals';
import {
  aDeadPlace,
  aLineWith,
  anActivePlace,
  anId,
  aPlace,
  noon,
  referenceOf,
  rules,
  secondsAfter,
} from '../../test/line.builders.js';
import { join } from './join.js';
import type { Advance, Line } from './line.js';
import { tick } from './tick.js';
import { leave } from './visit.js';

/** A front that was looked at up to number 700. */
const aFront = (liveNumbers: number[]) => ({
  classes: new Map([[0, { liveNumbers, lookedTo: 700 }]]),
  activeCount: 0,
  recent: [],
});
const statuses = (line: Line) => line.placesBetween(1, 99).map(({ status }) => status);

describe('a tick', () => {
  it('makes the lowest live numbers active for the length of a pass', () => {
    const line = aLineWith([1, 2, 3, 4, 5].map((number) => aPlace(number)));
    tick(line, rules);
    expect(statuses(line)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE', 'WAITING', 'WAITING']);
    expect(line.placeAt(1)).toMatchObject({ activatedAt: noon, activeUntil: secondsAfter(noon, 600) });
    expect(line.room).toMatchObject({ servingNumber: 3, tickNumber: 1, lastTickAt: noon });
    expect(line.ticks[0]).toMatchObject({ from: 1, to: 3, activated: 3, passedOver: [] });
    expect(line.changed.size).toBe(3);
  });

  it('passes the dead over, without counting them', () => {
    const line = aLineWith([aDeadPlace(1), aPlace(2), aDeadPlace(3), aPlace(4), aPlace(5), aPlace(6)]);
    tick(line, rules);
    expect(statuses(line)).toEqual(['EXPIRED', 'ACTIVE', 'EXPIRED', 'ACTIVE', 'ACTIVE', 'WAITING']);
    expect(line.ticks[0]).toMatchObject({ from: 1, to: 5, activated: 3, passedOver: [1, 3] });
  });

  it('settles the whole line when fewer wait than it may let in', () => {
    const line = aLineWith([aPlace(1), aDeadPlace(2)], { room: { lastNumber: 5 } });
    tick(line, rules);
    expect(line.ticks[0]).toMatchObject({ from: 1, to: 5, activated: 1, passedOver: [2, 3, 4, 5] });
    expect(line.room.servingNumber).toBe(5);
  });

  it('that moves nobody is logged once, until another thing keeps it, or it moves somebody', () => {
    const { room } = aLineWith([anActivePlace(1)], { room: { servingNumber: 1 } });
    const next = (...places: Parameters<typeof aLineWith>[0]) => {
      const line = aLineWith(places, { room: { ...room, nextTickAt: noon } });
      tick(line, rules);
      Object.assign(room, line.room);
      expect(line.visibleChange).toBe(true);
      const [logged] = line.ticks;
      return logged ? [logged.tickNumber, logged.limitedBy, logged.activated] : null;
    };
    expect([next(), next()]).toEqual([[1, 'EMPTY', 0], null]);
    room.mode = 'PAUSED';
    expect([next(), next(), next()]).toEqual([[3, 'PAUSED', 0], null, null]);
    room.mode = 'OPEN';
    room.lastNumber = 2;
    expect([next(aPlace(2)), next(), next()]).toEqual([[6, 'EMPTY', 1], [7, 'EMPTY', 0], null]);
    room.lastNumber = 3;
    expect([next(aPlace(3)), next()]).toEqual([
      [9, 'EMPTY', 1],
      [10, 'EMPTY', 0],
    ]);
  });

  it.each<[string, Parameters<typeof aLineWith>[0], Partial<Line['room']>, Partial<Advance>]>([
    [
      'a full batch',
      [aPlace(1), aPlace(2), aPlace(3), aPlace(4)],
      {},
      { limitedBy: 'BATCH', activated: 3, active: null },
    ],
    ['a cap', [aPlace(1), aPlace(2), aPlace(3)], { maxActive: 2 }, { limitedBy: 'CAP', activated: 2, active: 0 }],
    ['a full room', [anActivePlace(1), aPlace(2)], { maxActive: 1, servingNumber: 1 }, { limitedBy: 'CAP', active: 1 }],
    ['the end', [aPlace(1), aPlace(2)], { maxActive: 5 }, { limitedBy: 'EMPTY', activated: 2 }],
    ['nobody in a full room', [anActivePlace(1)], { maxActive: 1, servingNumber: 1 }, { limitedBy: 'EMPTY', to: 1 }],
    ['PAUSED', [aPlace(1)], { mode: 'PAUSED' }, { limitedBy: 'PAUSED', activated: 0 }],
    ['CLOSED', [aPlace(1)], { mode: 'CLOSED' }, { limitedBy: 'CLOSED', activated: 0 }],
    ['the sale', [aPlace(1)], { salesOpenAt: secondsAfter(noon, 1) }, { limitedBy: 'NOT_OPEN', from: 1, to: 0 }],
  ])('says what kept it from letting in more: %s', (_, places, room, logged) => {
    const line = aLineWith(places, { room: { ...room, activationBatch: 3 } });
    tick(line, rules);
    const { maxActive = null } = room;
    expect(line.ticks[0]).toMatchObject({ generation: 1, activationBatch: 3, tickMs: 5_000, maxActive, ...logged });
  });

  it('says that it went on from a long row of dead places', () => {
    const line = aLineWith([aPlace(1)], { room: { lastNumber: 900 } });
    line.front = aFront([1]);
    tick(line, rules);
    expect(line.ticks[0]).toMatchObject({ limitedBy: 'PASSED_OVER', activated: 1, to: 700 });
  });

  it('looks no further than it was shown, whatever comes behind', () => {
    const line = aLineWith([aPlace(1), aPlace(2)], { room: { lastNumber: 900 } });
    line.front = aFront([1, 2]);
    join(line, { userId: 'new', tokenId: anId(901) }, rules);
    tick(line, rules);
    expect(line.ticks[0]).toMatchObject({ to: 700, activated: 2 });
    expect(line.placeAt(901)?.status).toBe('WAITING');
  });

  it('lets in who joined before it in the batch, and nobody who joined after it or left before', () => {
    const line = aLineWith([aPlace(1), aPlace(2)]);
    leave(line, referenceOf(aPlace(1)));
    join(line, { userId: 'before', tokenId: anId(3) }, rules);
    tick(line, rules);
    join(line, { userId: 'after', tokenId: anId(4) }, rules);
    expect(statuses(line)).toEqual(['LEFT', 'ACTIVE', 'ACTIVE', 'WAITING']);
    expect(line.ticks[0]).toMatchObject({ from: 1, to: 3, activated: 2, passedOver: [1] });
    expect([...line.changed].map(({ queueNumber }) => queueNumber)).toEqual([1, 2]);
  });

  it('comes no earlier than an interval after the last, however often it is sent', () => {
    const line = aLineWith([1, 2, 3, 4, 5].map((number) => aPlace(number)));
    tick(line, rules);
    tick(line, rules);
    expect(line.room).toMatchObject({ servingNumber: 3, tickNumber: 1, nextTickAt: secondsAfter(noon, 5) });
    const early = aLineWith([aPlace(1)], { room: { nextTickAt: secondsAfter(noon, 0.001) } });
    tick(early, rules);
    expect(statuses(early)).toEqual(['WAITING']);
    expect(early.visibleChange).toBe(false);
  });

  it('does not make up for missed ticks', () => {
    const line = aLineWith(
      [1, 2, 3, 4].map((number) => aPlace(number)),
      { now: secondsAfter(noon, 60) },
    );
    tick(line, rules);
    expect(line.room).toMatchObject({ servingNumber: 3, nextTickAt: secondsAfter(noon, 65) });
  });

  it('is sent again when the clock was set back behind the time it was sent for', () => {
    const due = secondsAfter(noon, 30);
    const line = aLineWith([], { room: { nextTickAt: due, tickSentFor: due } });
    tick(line, rules);
    expect(line.room).toMatchObject({ nextTickAt: due, tickSentFor: null });
  });

  it.each(['PAUSED', 'CLOSED'] as const)('lets nobody in under %s, but keeps the time and is shown', (mode) => {
    const line = aLineWith([aPlace(1)], { room: { mode } });
    tick(line, rules);
    expect(statuses(line)).toEqual(['WAITING']);
    expect(line.room).toMatchObject({ servingNumber: 0, nextTickAt: secondsAfter(noon, 5), lastTickAt: noon });
    expect(line.visibleChange).toBe(true);
  });

  it('lets nobody in before the sale opens, and somebody at that moment', () => {
    const line = (opensIn: number) => aLineWith([aPlace(1)], { room: { salesOpenAt: secondsAfter(noon, opensIn) } });
    const [early, onTime] = [line(0.001), line(0)];
    tick(early, rules);
    tick(onTime, rules);
    expect([statuses(early), statuses(onTime)]).toEqual([['WAITING'], ['ACTIVE']]);
  });

  it('goes on under DRAIN', () => {
    const line = aLineWith([aPlace(1)], { room: { mode: 'DRAIN' } });
    tick(line, rules);
    expect(statuses(line)).toEqual(['ACTIVE']);
  });

  it('fills up to the cap on running passes, counting those that ended before it in the batch', () => {
    const places = [anActivePlace(1), anActivePlace(2), aPlace(3), aPlace(4)];
    const full = aLineWith(places, { room: { servingNumber: 2, maxActive: 2 } });
    tick(full, rules);
    expect(full.ticks[0]).toMatchObject({ from: 3, to: 2, activated: 0 });
    expect(full.room.servingNumber).toBe(2);

    const freed = aLineWith(places, { room: { servingNumber: 2, maxActive: 2 } });
    leave(freed, referenceOf(places[0]!));
    tick(freed, rules);
    expect(statuses(freed)).toEqual(['LEFT', 'ACTIVE', 'ACTIVE', 'WAITING']);
  });
});
