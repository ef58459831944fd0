import { beforeEach, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import fc from 'fast-check';
import { aDeadPlace, aLineWith, anActivePlace, anId, aPlace, aRoom, noon, rules } from '../../test/line.builders.js';
import { control, reset } from './controls.js';
import { join } from './join.js';
import type { Line } from './line.js';
import { dueOf } from './pace.js';
import type { Place } from './place.js';
import { tick } from './tick.js';
import type { AdmissionClass } from './waiting-room.js';

const presaleCode = queue.hashOfCode('here', 'fan club');
/** Class 1 and class 2, with so many numbers given and nobody served. */
const aClass = (index: number, share: number, given = 0, codeHash: string | null = presaleCode): AdmissionClass => ({
  ...{ index, name: ['presale', 'staff'][index - 1]!, share, codeHash },
  ...{ lastNumber: queue.numberBefore(index) + given, servingNumber: queue.numberBefore(index) },
});
const numbers = (index: number, count: number) =>
  Array.from({ length: count }, (_, n) => queue.numberBefore(index) + n + 1);
const places = (index: number, count: number) => numbers(index, count).map((number) => aPlace(number));
const parts = (line: Line) => line.ticks.map(({ class: index, activated }) => [index, activated]);
const joined = (line: Line, userId: string, codeHash?: string) => {
  const answer = join(line, { userId, tokenId: anId(0xbeef), codeHash }, rules);
  return 'refused' in answer ? answer.refused.code : answer;
};

describe('a tick of a line with classes', () => {
  const tickOf = (waiting: readonly Place[], classes: AdmissionClass[], activationBatch = 10) => {
    const line = aLineWith(waiting, { room: { classes, activationBatch } });
    tick(line, rules);
    return line;
  };

  it('lets in of each class its share at least, the lowest of each first, and is logged by class', () => {
    const line = tickOf([...places(0, 20), ...places(1, 20), ...places(2, 20)], [aClass(1, 30, 20), aClass(2, 10, 20)]);
    const range = (index: number, count: number) => ({
      from: queue.numberBefore(index) + 1,
      to: queue.numberBefore(index) + count,
    });
    expect(line.ticks).toMatchObject([
      { class: 0, tickNumber: 1, activated: 6, ...range(0, 6), limitedBy: 'BATCH' },
      { class: 1, tickNumber: 1, activated: 3, ...range(1, 3), limitedBy: 'BATCH' },
      { class: 2, tickNumber: 1, activated: 1, ...range(2, 1), limitedBy: 'BATCH' },
    ]);
    const active = line.placesBetween(1, Infinity).filter(({ status }) => status === 'ACTIVE');
    expect(active.map(({ queueNumber }) => queueNumber)).toEqual([
      ...numbers(0, 6),
      ...numbers(1, 3),
      ...numbers(2, 1),
    ]);
  });

  it.each<[string, number[], number[]]>([
    ['everybody, of a class too few for its share', [20, 2, 20], [7, 2, 1]],
    ['everybody, of a class without anybody', [20, 0, 20], [9, 0, 1]],
    ['the classes, of everybody', [1, 20, 20], [1, 8, 1]],
    ['the last class, where nobody else waits', [0, 0, 20], [0, 0, 10]],
  ])('gives what is not used to %s', (_, waiting, admitted) => {
    const line = tickOf(
      waiting.flatMap((count, index) => places(index, count)),
      [aClass(1, 30, waiting[1]), aClass(2, 10, waiting[2])],
    );
    expect(new Map(parts(line) as [number, number][])).toEqual(
      new Map(admitted.flatMap((count, index) => (count > 0 ? [[index, count]] : []))),
    );
  });

  it('passes over the dead of a class as it does those of everybody', () => {
    const dead = numbers(1, 2).map((number) => aDeadPlace(number));
    const line = tickOf([...dead, aPlace(queue.numberBefore(1) + 3), aPlace(1)], [aClass(1, 50, 3)]);
    expect(line.ticks).toMatchObject([
      { class: 0, activated: 1, passedOver: [] },
      { class: 1, activated: 1, passedOver: numbers(1, 2) },
    ]);
  });

  it('counts the passes of all classes for the cap', () => {
    const line = aLineWith([anActivePlace(queue.numberBefore(1) + 1), ...places(0, 3)], {
      room: { classes: [{ ...aClass(1, 50, 1), servingNumber: queue.numberBefore(1) + 1 }], maxActive: 2 },
    });
    tick(line, rules);
    expect(line.ticks).toMatchObject([{ class: 0, activated: 1, active: 1, limitedBy: 'CAP' }]);
  });
});

describe('what is due to a class', () => {
  const shares = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 2 });

  it('is the whole places of its share in every batch, and no more than the batch together', () => {
    fc.assert(
      fc.property(shares, fc.nat(3_000), fc.nat(500), (given, allowed, come) => {
        const classes = given.map((share, n) => aClass(n + 1, share));
        const due = dueOf(allowed, aRoom({ classes, servingNumber: come, lastNumber: come }));
        given.forEach((share, n) => {
          expect(due.get(n + 1)! - Math.floor((allowed * share) / 100)).toBeGreaterThanOrEqual(0);
          expect(due.get(n + 1)! - Math.ceil((allowed * share) / 100)).toBeLessThanOrEqual(0);
        });
        expect([...due.values()].reduce((sum, places) => sum + places, 0)).toBeLessThanOrEqual(allowed);
      }),
    );
  });

  it('is its share of any hundred places that come one by one', () => {
    fc.assert(
      fc.property(shares, fc.nat(500), (given, from) => {
        const classes = given.map((share, n) => aClass(n + 1, share));
        const sums = given.map(() => 0);
        for (let come = from; come < from + 100; come += 1) {
          const due = dueOf(1, aRoom({ classes, servingNumber: come, lastNumber: come }));
          given.forEach((_, n) => (sums[n]! += due.get(n + 1)!));
        }
        expect(sums).toEqual(given);
      }),
    );
  });
});

describe('a join with a code', () => {
  let room: { classes: AdmissionClass[] };
  beforeEach(() => {
    room = { classes: [aClass(1, 30)] };
  });

  it('takes the next number of the class', () => {
    const line = aLineWith(places(0, 3), { room });
    expect(joined(line, 'ada', presaleCode)).toMatchObject({ place: { queueNumber: numbers(1, 1)[0] }, created: true });
    expect(joined(line, 'bob')).toMatchObject({ place: { queueNumber: 4 }, created: true });
    expect(line.room.classes[0]!.lastNumber).toBe(numbers(1, 1)[0]);
  });

  it('is refused where the code is none of the line, and changes nothing', () => {
    const line = aLineWith(places(0, 1), { room });
    expect(joined(line, 'u1', queue.hashOfCode('here', 'wrong'))).toBe('INVALID_REQUEST');
    expect([line.visibleChange, line.placeAt(1)?.status]).toEqual([false, 'WAITING']);
    expect(joined(aLineWith([], { room: { classes: [aClass(1, 30, 0, null)] } }), 'ada', presaleCode)).toBe(
      'INVALID_REQUEST',
    );
  });

  it('moves who waits elsewhere, keeps who is there, and leaves a pass alone', () => {
    const line = aLineWith([aPlace(1), anActivePlace(2)], { room: { ...room, servingNumber: 0 } });
    expect(joined(line, 'u1', presaleCode)).toMatchObject({ place: { queueNumber: numbers(1, 1)[0] }, created: true });
    expect([line.placeAt(1)?.status, line.ended.left]).toEqual(['LEFT', [1]]);
    expect(joined(line, 'u1', presaleCode)).toMatchObject({ place: { queueNumber: numbers(1, 1)[0] }, created: false });
    expect(joined(line, 'u1')).toMatchObject({ place: { queueNumber: numbers(1, 1)[0] }, created: false });
    expect(joined(line, 'u2', presaleCode)).toMatchObject({ place: { queueNumber: 2 }, created: false });
  });

  it.each(['DRAIN', 'CLOSED'] as const)('moves nobody while newcomers are kept out: %s', (mode) => {
    const line = aLineWith([aPlace(1)], { room: { ...room, mode } });
    const stays = { place: { queueNumber: 1, status: 'WAITING' }, created: false };
    expect(joined(line, 'u1', presaleCode)).toEqual(mode === 'DRAIN' ? expect.objectContaining({}) : 'QUEUE_CLOSED');
    if (mode === 'DRAIN') expect(joined(line, 'u1', presaleCode)).toMatchObject(stays);
  });

  it('need not wait for the draw of a pre-queue', () => {
    const salesOpenAt = new Date(noon.getTime() + 60_000);
    const line = aLineWith([], { room: { ...room, salesOpenAt, seed: 'ab'.repeat(32) } });
    expect(joined(line, 'ada')).toMatchObject({ place: { queueNumber: -1 } });
    expect(joined(line, 'bob', presaleCode)).toMatchObject({ place: { queueNumber: numbers(1, 1)[0] } });
    tick(line, rules);
    expect(line.ticks).toMatchObject([{ limitedBy: 'NOT_OPEN', activated: 0 }]);
  });
});

describe('an operator', () => {
  const wanted = (name: string, share: number, codeHash?: string | null) => ({
    name,
    share,
    ...(codeHash !== undefined && { codeHash }),
  });

  it('changes shares and codes of classes, which keep their numbers, and adds others beside them', () => {
    const line = aLineWith(places(1, 2), { room: { classes: [aClass(1, 30, 2)] } });
    expect(control(line, { classes: [wanted('artists', 5), wanted('presale', 40)] })).toBeNull();
    expect(line.room.classes).toEqual([{ ...aClass(1, 40, 2) }, { ...aClass(2, 5, 0, null), name: 'artists' }]);
    expect(control(line, { classes: [wanted('presale', 0, null)] })).toBeNull();
    expect(line.room.classes).toEqual([{ ...aClass(1, 0, 2, null) }]);
  });

  it('cannot leave out a class that has given numbers, until the line is begun anew', () => {
    const line = aLineWith(places(1, 2), { room: { classes: [aClass(1, 30, 2)] } });
    expect(control(line, { mode: 'PAUSED', classes: [] })).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(line.room).toMatchObject({ mode: 'OPEN', classes: [{ name: 'presale' }] });
    reset(line, 'ab'.repeat(32));
    expect(line.room.classes).toEqual([aClass(1, 30)]);
    expect(control(line, { classes: [] })).toBeNull();
    expect(line.room.classes).toEqual([]);
  });
});
