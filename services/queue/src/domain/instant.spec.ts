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
import { control } from './controls.js';
import { join } from './join.js';
import type { Line, Recent } from './line.js';
import { tick } from './tick.js';
import { leave } from './visit.js';

const room = { instantBelow: 9, nextTickAt: secondsAfter(noon, 5) };
const joins = (line: Line, ...users: string[]) =>
  users.map((userId, index) => {
    const joined = join(line, { userId, tokenId: anId(0xf00 + line.room.lastNumber + index) }, rules);
    if ('refused' in joined) throw new Error(joined.refused.code);
    return joined.place;
  });
const statusesOf = (line: Line, count: number) =>
  joins(line, ...Array.from({ length: count }, (_, index) => `fan-${index}`)).map(({ status }) => status);
/** A row of the log that is `secondsAgo` old, of the batch of three. */
const aRow = (secondsAgo: number, row: Partial<Recent> = {}): Recent => ({
  ...{ generation: 1, tickNumber: 7, activationBatch: 3, tickMs: 5_000, maxActive: null },
  ...{ at: secondsAfter(noon, -secondsAgo), class: 0, activated: 1, limitedBy: 'INSTANT' },
  ...row,
});

describe('a join without a crowd', () => {
  it('is let in at once, with a pass of full length, and logged', () => {
    const line = aLineWith([], { room });
    const [place] = joins(line, 'ada');
    const activeUntil = secondsAfter(noon, 600);
    expect(place).toMatchObject({ queueNumber: 1, status: 'ACTIVE', activatedAt: noon, activeUntil });
    expect(line.advances).toEqual([
      {
        ...{ generation: 1, tickNumber: 1, activationBatch: 3, tickMs: 5_000, maxActive: null },
        ...{
          at: noon,
          class: 0,
          from: 1,
          to: 1,
          activated: 1,
          passedOver: [],
          activeUntil,
          active: 0,
          limitedBy: 'INSTANT',
        },
      },
    ]);
    expect(line.room).toMatchObject({
      servingNumber: 1,
      nextTickAt: room.nextTickAt,
      lastTickAt: secondsAfter(noon, -5),
    });
    expect(line.visibleChange).toBe(true);
  });

  it.each<[string, Parameters<typeof aLineWith>[1]]>([
    ['no operator has said so', { room: { ...room, instantBelow: null } }],
    ['the line is paused', { room: { ...room, mode: 'PAUSED' } }],
    ['the sale is to open', { room: { ...room, salesOpenAt: secondsAfter(noon, 0.001) } }],
    ['as many passes run as it is for', { room: { ...room, instantBelow: 1 } }],
    ['the cap is reached', { room: { ...room, maxActive: 1 } }],
    ['a tick has just spent the batch', { room, recent: [aRow(4.999, { activated: 3, limitedBy: 'BATCH' })] }],
    ['others have just spent the batch', { room, recent: [aRow(5.999, { activated: 1 }), aRow(1, { activated: 2 })] }],
    ['they did so in the last generation', { room, recent: [aRow(1, { activated: 3, generation: 0 })] }],
  ])('waits when %s', (_, given) => {
    const line = aLineWith([anActivePlace(1)], { ...given, room: { servingNumber: 1, ...given!.room } });
    expect(joins(line, 'ada')).toMatchObject([{ status: 'WAITING', activatedAt: null }]);
    expect([line.advances, line.room.servingNumber]).toEqual([[], 1]);
  });

  it('is let in when what spent the batch is an interval ago, a second more where joins did', () => {
    const recent = [aRow(5, { activated: 3, limitedBy: 'BATCH' }), aRow(6, { activated: 3 })];
    expect(statusesOf(aLineWith([], { room, recent }), 4)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE', 'WAITING']);
  });

  it('waits while anybody does, whoever was let in before it, and is let in once they are gone', () => {
    const waiting = [anActivePlace(1), aPlace(2)];
    const line = aLineWith(waiting, { room: { ...room, servingNumber: 1 } });
    const [ada] = joins(line, 'ada');
    leave(line, referenceOf(waiting[1]!));
    leave(line, referenceOf(ada!));
    expect(joins(line, 'bob', 'cho').map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE']);
    expect(line.advances).toMatchObject([{ from: 2, to: 5, activated: 2, passedOver: [2, 3] }]);
  });

  it('waits behind a line whose end was not looked at', () => {
    const line = aLineWith([], { room });
    line.front = { ...line.front!, classes: new Map([[0, { liveNumbers: [], lookedTo: 700 }]]) };
    expect(statusesOf(line, 1)).toEqual(['WAITING']);
  });

  it('passes the dead over', () => {
    const dead = aDeadPlace(2);
    const line = aLineWith([anActivePlace(1), dead], { room: { ...room, servingNumber: 1, lastNumber: 3 } });
    joins(line, 'ada');
    expect(dead.status).toBe('EXPIRED');
    expect(line.advances).toMatchObject([{ from: 2, to: 4, activated: 1, passedOver: [2, 3] }]);
  });

  it('frees nothing for the tick that follows: batch and cap are those of both', () => {
    const waiting = (line: Line) => joins(line, 'x', 'y', 'z').filter(({ status }) => status === 'WAITING').length;
    const due = { ...room, nextTickAt: noon };
    const spent = aLineWith([], { room: due, recent: [aRow(4), aRow(1)] });
    expect(waiting(spent)).toBe(2);
    tick(spent, rules);
    expect(spent.ticks[0]).toMatchObject({ activated: 0, limitedBy: 'BATCH' });
    const capped = aLineWith([], { room: { ...due, maxActive: 2 } });
    expect(waiting(capped)).toBe(1);
    tick(capped, rules);
    expect(capped.ticks[0]).toMatchObject({ activated: 0, limitedBy: 'CAP', active: 2 });
  });

  it('comes after a tick of the same batch, if that let everybody in and left something of the batch', () => {
    const line = aLineWith([aPlace(1), aPlace(2)], { room: { ...room, nextTickAt: noon } });
    tick(line, rules);
    expect(statusesOf(line, 2)).toEqual(['ACTIVE', 'WAITING']);
    expect(line.advances.map(({ tickNumber, from, to }) => [tickNumber, from, to])).toEqual([
      [1, 1, 2],
      [2, 3, 3],
    ]);
  });
});

describe('joins that are let in within a second', () => {
  const grown = (secondsAgo: number, changed: Partial<Line['room']> = {}, row: Partial<Recent> = {}) => {
    const line = aLineWith([anActivePlace(1)], {
      room: { ...room, servingNumber: 1, tickNumber: 7, ...changed },
      recent: [aRow(secondsAgo, row)],
    });
    const [place] = joins(line, 'ada');
    const { tickNumber, at } = line.advances[0]!;
    expect(place!.activatedAt).toEqual(at);
    return [tickNumber, at];
  };
  const itself = [8, noon];

  it('share a row of the log and the time of the first', () => {
    expect(grown(0.999)).toEqual([7, secondsAfter(noon, -0.999)]);
    const line = aLineWith([], { room });
    statusesOf(line, 3);
    expect(line.advances).toMatchObject([{ tickNumber: 1, from: 1, to: 3, activated: 3, at: noon, active: 0 }]);
  });

  it.each([
    ['comes later', grown(1)],
    ['follows a tick', grown(0.5, {}, { limitedBy: 'EMPTY' })],
    ['follows a tick that is not logged', grown(0.5, { tickNumber: 8 })],
    ['is of another generation', grown(0.5, {}, { generation: 0 })],
    ['has other figures', grown(0.5, {}, { activationBatch: 4 })],
    ['passes somebody over', grown(0.5, { lastNumber: 2 })],
    ['comes before it, by a clock set back', grown(-0.5)],
  ])('begin another one when the next %s', (what, [tickNumber, at]) => {
    expect([tickNumber, at]).toEqual([what === 'follows a tick that is not logged' ? 9 : itself[0], itself[1]]);
  });

  it('begin another one after an operator changed the pace', () => {
    const line = aLineWith([], { room });
    joins(line, 'ada');
    control(line, { activationBatch: 5 });
    joins(line, 'bob');
    expect(line.advances.map(({ tickNumber, activationBatch }) => [tickNumber, activationBatch])).toEqual([
      [1, 3],
      [2, 5],
    ]);
  });
});
