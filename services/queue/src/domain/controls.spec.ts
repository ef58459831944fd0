import { describe, expect, it } from '@jest/globals';
import {
  aLineWith,
  anActivePlace,
  anId,
  aPlace,
  aSeed,
  noon,
  referenceOf,
  rules,
  secondsAfter,
} from '../../test/line.builders.js';
import { control, type Controls, reset } from './controls.js';
import { join } from './join.js';
import { tick } from './tick.js';
import { leave, renew, spend } from './visit.js';
import { noticeOutage } from './waiting-room.js';

describe('an operator', () => {
  it('changes what is named, and nothing else', () => {
    const line = aLineWith([aPlace(1)]);
    const before = { ...line.room };
    control(line, { maxActive: 7, message: 'soon' });
    expect(line.room).toEqual({ ...before, maxActive: 7, message: 'soon', own: { maxActive: 7 } });
    expect(line.visibleChange).toBe(true);
    control(line, { mode: 'PAUSED', activationBatch: 9, message: null });
    const own = { maxActive: 7, activationBatch: 9 };
    expect(line.room).toEqual({ ...before, ...own, mode: 'PAUSED', own });
  });

  it('takes the cap of the settings away from one room, and names the same again for itself', () => {
    const line = aLineWith([], { room: { maxActive: 3 }, with: { maxActive: 3 } });
    control(line, { maxActive: null });
    expect(line.room).toMatchObject({ maxActive: null, own: { maxActive: null } });
  });

  it('has the next tick logged, whatever it does', () => {
    const line = aLineWith([], { room: { idleFor: 'EMPTY' } });
    control(line, { message: 'soon' });
    tick(line, rules);
    expect(line.ticks[0]).toMatchObject({ limitedBy: 'EMPTY', tickNumber: 1 });
  });

  it('decides before a tick of the same batch, and not before one that is over', () => {
    const line = aLineWith(
      [1, 2, 3, 4].map((number) => aPlace(number)),
      { room: { mode: 'PAUSED' } },
    );
    control(line, { mode: 'OPEN', activationBatch: 2 });
    tick(line, rules);
    control(line, { activationBatch: 4 });
    tick(line, rules);
    expect(line.room).toMatchObject({ servingNumber: 2, tickNumber: 1 });
    expect(line.ticks[0]).toMatchObject({ activationBatch: 2, activated: 2 });
  });
});

describe('another interval', () => {
  /** When the next tick is due, in seconds after noon, for one that was due `due` and followed the last by 5 s. */
  const dueAfter = (due: number, controls: Controls) => {
    const lastTickAt = secondsAfter(noon, due - 5);
    const line = aLineWith([], { room: { lastTickAt, nextTickAt: secondsAfter(noon, due) } });
    control(line, controls);
    const next = line.room.nextTickAt;
    noticeOutage(line.room, noon, rules);
    expect(line.room.judgedAfter).toBeNull();
    return (next.getTime() - noon.getTime()) / 1_000;
  };

  it('is that since the last tick, whether longer or shorter', () => {
    expect(dueAfter(3, { tickMs: 20_000 })).toBe(18);
    expect(dueAfter(3, { tickMs: 4_000 })).toBe(2);
  });

  it('makes a tick due now that would have been due before, which is no outage', () => {
    expect(dueAfter(3, { tickMs: 1_000 })).toBe(0);
    const hourly = aLineWith([], {
      room: { lastTickAt: secondsAfter(noon, -1_800), nextTickAt: secondsAfter(noon, 1_800) },
    });
    control(hourly, { tickMs: 1_000 });
    noticeOutage(hourly.room, secondsAfter(noon, 2), rules);
    expect(hourly.room).toMatchObject({ nextTickAt: noon, judgedAfter: null });
    noticeOutage(hourly.room, secondsAfter(noon, 2.1), rules);
    expect(hourly.room).toMatchObject({ judgedAfter: secondsAfter(noon, 662.1), outageFrom: secondsAfter(noon, -1) });
  });

  it('is no outage of a tick that is a little late, and other controls leave its time', () => {
    expect(dueAfter(-9, { tickMs: 1_000 })).toBe(0);
    expect(dueAfter(3, { mode: 'PAUSED', activationBatch: 100_000, maxActive: 1 })).toBe(3);
  });
});

describe('a reset', () => {
  const places = () => [anActivePlace(1), aPlace(2), aPlace(3)];

  it('begins a new generation at number 1, with the old modes, figures and time of the next tick', () => {
    const nextTickAt = secondsAfter(noon, 3);
    const line = aLineWith(places(), { room: { servingNumber: 1, nextTickAt, mode: 'PAUSED', message: 'soon' } });
    const before = { ...line.room };
    reset(line, aSeed(1));
    expect(line.room).toEqual({ ...before, generation: 2, lastNumber: 0, servingNumber: 0 });
    expect(join(line, { userId: 'u2', tokenId: anId(9) }, rules)).toMatchObject({
      created: true,
      place: { generation: 2, queueNumber: 1 },
    });
    expect(line.placeByToken(anId(2))!.status).toBe('EXPIRED');
  });

  it('ends what every older token may do', () => {
    const line = aLineWith(places(), { room: { servingNumber: 1 } });
    reset(line, aSeed(1));
    const [active, waiting] = places().map(referenceOf);
    renew(line, waiting!, secondsAfter(noon, 905), rules);
    leave(line, waiting!);
    spend(line, active!);
    expect(line.changed.size).toBe(0);
  });

  it('leaves to a tick after it in the batch only who joined since, and no pass that runs', () => {
    const line = aLineWith(places(), { room: { servingNumber: 1, maxActive: 1 } });
    leave(line, referenceOf(places()[0]!));
    join(line, { userId: 'before', tokenId: anId(8) }, rules);
    reset(line, aSeed(1));
    join(line, { userId: 'after', tokenId: anId(9) }, rules);
    tick(line, rules);
    expect(line.ticks[0]).toMatchObject({ generation: 2, from: 1, to: 1, activated: 1, active: 0 });
    expect(line.created.map(({ generation, status }) => [generation, status])).toEqual([
      [1, 'WAITING'],
      [2, 'ACTIVE'],
    ]);
  });
});
