import { describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { aDeadPlace, aLineWith, aPlace, aRoom, aSeed, noon, rules, secondsAfter } from '../../test/line.builders.js';
import { reset } from './controls.js';
import { draw, drawPage, publishedDraw } from './draw.js';
import { join } from './join.js';
import { Line } from './line.js';
import { tick } from './tick.js';
import type { WaitingRoom } from './waiting-room.js';

const seed = aSeed(7);
const opening = { seed, salesOpenAt: secondsAfter(noon, 60) };
const aRegistered = (registration: number) => aPlace(-registration, { tokenId: `token ${registration}`, registration });
const joins = (line: Line, ...users: string[]) =>
  users.map((userId) => {
    const joined = join(line, { userId, tokenId: `token of ${userId}` }, rules);
    return 'place' in joined && joined.place;
  });
const at = (seconds: number, room: Partial<WaitingRoom>, places = [aRegistered(1), aRegistered(2)]) =>
  aLineWith(places, { now: secondsAfter(noon, seconds), room: { lastNumber: 0, ...opening, ...room } });

describe('a pre-queue', () => {
  it('registers who joins before the sale opens, in the order of joining, without a number', () => {
    const line = at(0, {}, []);
    expect(joins(line, 'ann', 'bob')).toEqual([
      expect.objectContaining({ registration: 1, queueNumber: -1, status: 'WAITING' }),
      expect.objectContaining({ registration: 2, queueNumber: -2, status: 'WAITING' }),
    ]);
    expect(line.room).toMatchObject({ registered: 2, lastNumber: 0, drawnTo: null });
  });

  it('gives who joins again the registration they have, and a new one to who was silent past the lease', () => {
    const line = at(0, { registered: 2 }, [aRegistered(1), aDeadPlace(-2, { registration: 2 })]);
    expect(joins(line, 'u-1', 'u-2')).toMatchObject([{ registration: 1 }, { registration: 3 }]);
    expect(line.room.registered).toBe(3);
  });

  it('ends with the first look after the sale opens: who joins later is behind all that are registered', () => {
    const line = at(60, { registered: 2 });
    expect(line.visibleChange).toBe(true);
    expect(joins(line, 'cem', 'u-1')).toMatchObject([
      { registration: null, queueNumber: 3 },
      { registration: 1, queueNumber: -1 },
    ]);
    expect(line.room).toMatchObject({ registered: 2, lastNumber: 3, drawnTo: 0 });
  });

  it('never begins again, though the clock is set back', () => {
    const line = at(0, { registered: 2, lastNumber: 2, drawnTo: 2 });
    expect(joins(line, 'cem')).toMatchObject([{ registration: null, queueNumber: 3 }]);
  });

  it('is none where no sale was to be waited for', () => {
    const line = aLineWith([]);
    expect(joins(line, 'ann')).toMatchObject([{ registration: null, queueNumber: 1 }]);
    expect(publishedDraw(line.room)).toBeNull();
  });
});

describe('a reset', () => {
  const line = (seconds: number, drawnTo: number | null) =>
    at(seconds, { registered: 2, lastNumber: drawnTo ?? 0, drawnTo });

  it('before the sale opens begins a pre-queue with another seed', () => {
    const early = line(0, null);
    reset(early, aSeed(8));
    expect(early.room).toMatchObject({ generation: 2, seed: aSeed(8), registered: 0, drawnTo: null, lastNumber: 0 });
    expect(joins(early, 'ann')).toMatchObject([{ generation: 2, registration: 1 }]);
  });

  it('after it begins a line as ever, also in the middle of a draw', () => {
    const late = line(60, 0);
    draw(late);
    reset(late, aSeed(8));
    expect([late.drawn, late.room.seed, late.room.drawnTo]).toEqual([null, null, null]);
    expect(joins(late, 'ann')).toMatchObject([{ generation: 2, registration: null, queueNumber: 1 }]);
    tick(late, rules);
    expect(late.ticks[0]).toMatchObject({ activated: 1 });
  });
});

describe('a draw', () => {
  it('numbers a page at a time, as the seed says', () => {
    const order = queue.drawNumbers(seed, drawPage + 10);
    const room = aRoom({ ...opening, registered: drawPage + 10, lastNumber: drawPage + 10, drawnTo: 0 });
    const pages = [0, 1, 2].map(() => {
      const line = new Line(room, [], secondsAfter(noon, 60), rules);
      return { more: draw(line), drawn: line.drawn, drawnTo: room.drawnTo };
    });
    const first = { generation: 1, from: 1, numbers: order.subarray(0, drawPage) };
    const rest = { generation: 1, from: drawPage + 1, numbers: order.subarray(drawPage) };
    expect(pages).toEqual([
      { more: true, drawn: first, drawnTo: drawPage },
      { more: false, drawn: rest, drawnTo: drawPage + 10 },
      { more: false, drawn: null, drawnTo: drawPage + 10 },
    ]);
  });

  it('comes to one page in a batch, however often it is asked for', () => {
    const line = at(60, { registered: 2 * drawPage, lastNumber: 2 * drawPage, drawnTo: 0 });
    expect([draw(line), draw(line)]).toEqual([true, false]);
    expect(line.room.drawnTo).toBe(drawPage);
  });

  it('is not before the sale opens, nor in a room without a pre-queue', () => {
    const lines = [at(0, { registered: 2 }), aLineWith([aPlace(1)])];
    expect(lines.map((line) => [draw(line), line.drawn])).toEqual(Array(2).fill([false, null]));
  });

  it('keeps ticks from letting anybody in until the batch after its last page', () => {
    const under = at(60, { registered: 2 });
    tick(under, rules);
    expect(under.ticks[0]).toMatchObject({ limitedBy: 'DRAWING', activated: 0 });
    const finishing = at(60, { registered: 2 });
    draw(finishing);
    tick(finishing, rules);
    expect(finishing.ticks[0]).toMatchObject({ limitedBy: 'DRAWING', activated: 0 });
    const finished = at(60, { registered: 2, lastNumber: 2, drawnTo: 2 }, [aPlace(1), aPlace(2)]);
    tick(finished, rules);
    expect(finished.ticks[0]).toMatchObject({ activated: 2 });
  });

  it('is published by the hash of its seed, and by the seed once it is done', () => {
    const published = (room: Partial<WaitingRoom>) => publishedDraw(aRoom({ ...opening, registered: 3, ...room }));
    const hidden = { seedHash: queue.hashOfSeed(seed), registered: 3, seed: null };
    expect([{ drawnTo: null }, { drawnTo: 0 }, { drawnTo: 2 }, { drawnTo: 3 }].map(published)).toEqual([
      hidden,
      hidden,
      hidden,
      { ...hidden, seed },
    ]);
    expect(published({ registered: 0 })?.seed).toBeNull();
    expect(published({ registered: 0, drawnTo: 0 })?.seed).toBe(seed);
  });
});
