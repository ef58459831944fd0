import { describe, expect, it } from '@jest/globals';
import { aRoom, noon, rules, secondsAfter } from '../../test/line.builders.js';
import { admitsNewcomers, advances, deadLineOf, noticeOutage, type WaitingRoom } from './waiting-room.js';

describe('a waiting room', () => {
  it.each([
    ['OPEN', true, true],
    ['PAUSED', true, false],
    ['DRAIN', false, true],
    ['CLOSED', false, false],
  ] as const)('under %s takes newcomers in: %s, advances: %s', (mode, newcomers, onward) => {
    expect([admitsNewcomers(mode), advances(aRoom({ mode }), noon)]).toEqual([newcomers, onward]);
  });
});

describe('an outage', () => {
  const after = (silentSeconds: number, room: Partial<WaitingRoom> = {}) => {
    const { tickMs } = { ...rules, ...room };
    const nextTickAt = secondsAfter(noon, tickMs / 1_000 - silentSeconds);
    const noticed = aRoom({ nextTickAt, ...room });
    noticeOutage(noticed, noon, rules);
    return noticed;
  };

  it('is more than three ticks without one', () => {
    expect(after(15).judgedAfter).toBeNull();
    expect(after(15.001)).toMatchObject({
      judgedAfter: secondsAfter(noon, 660),
      outageFrom: secondsAfter(noon, -15.001),
    });
  });

  it('is never shorter than a second, however fast the ticks', () => {
    expect(after(0.9, { tickMs: 100 }).judgedAfter).toBeNull();
    expect(after(1.1, { tickMs: 100 }).judgedAfter).not.toBeNull();
  });

  it('moves the line of death back to its beginning, for eleven minutes', () => {
    const room = after(60);
    expect(deadLineOf(room, noon)).toEqual(secondsAfter(noon, -60));
    expect(deadLineOf(room, secondsAfter(noon, 659.999))).toEqual(secondsAfter(noon, -60));
    expect(deadLineOf(room, secondsAfter(noon, 660))).toEqual(secondsAfter(noon, 660));
  });

  it('is judged by now when there was none', () => {
    expect(deadLineOf(aRoom(), noon)).toEqual(noon);
  });

  it('keeps the earlier beginning when it follows another within the time of grace', () => {
    const first = { outageFrom: secondsAfter(noon, -300), judgedAfter: secondsAfter(noon, 300) };
    expect(after(60, first)).toMatchObject({
      outageFrom: secondsAfter(noon, -300),
      judgedAfter: secondsAfter(noon, 660),
    });
    const longAgo = { outageFrom: secondsAfter(noon, -9_000), judgedAfter: secondsAfter(noon, -8_000) };
    expect(after(60, longAgo).outageFrom).toEqual(secondsAfter(noon, -60));
  });
});
