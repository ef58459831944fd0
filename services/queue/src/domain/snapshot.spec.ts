import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import { aRoom, aSeed, noon, rules, secondsAfter } from '../../test/line.builders.js';
import {
  bucketCount,
  bucketSize,
  buildSnapshot,
  type KeptTick,
  type LineFacts,
  mostSnapshotBytes,
} from './snapshot.js';
import type { WaitingRoom } from './waiting-room.js';

const aKeptTick = (from: number, to: number, secondsAgo: number, passedOver: number[] = []): KeptTick => ({
  from,
  to,
  at: secondsAfter(noon, -secondsAgo),
  activated: to - from + 1 - passedOver.length,
  passedOver: passedOver.length > 0 ? queue.encodeNumberSet(passedOver) : null,
});
/** With its sets as lists: zlib's versions compress differently. */
const inNumbers = ({ spent, left, passedOver, ...rest }: queue.QueueSnapshot) => ({
  ...rest,
  spent: [...queue.decodeNumberSet(spent)],
  left: [...queue.decodeNumberSet(left)],
  passedOver: [...queue.decodeNumberSet(passedOver)],
});
const noFacts = { index: 0, ticks: [], spent: [], left: [], registrationsLeft: [], live: [], classes: [] };
const snapshotOf = (facts: Partial<LineFacts>, room = {}) =>
  buildSnapshot(aRoom(room), { ...noFacts, ...facts }, noon, rules);

describe('a snapshot', () => {
  it('says all that a gateway judges tokens by', () => {
    const facts = { ticks: [aKeptTick(1, 5, 10, [2, 4])], spent: [1], left: [4, 9], live: [1, 0, 1] };
    const operated = {
      message: 'The doors open at seven',
      maxActive: 500,
      stock: { seatsLeft: 40, seatsSold: 60, buyers: 24 },
    };
    const drawn = { seed: aSeed(1), registered: 6, drawnTo: 6 };
    const snapshot = snapshotOf(facts, {
      lastNumber: 8,
      servingNumber: 5,
      version: 3,
      tickNumber: 1,
      ...operated,
      ...drawn,
    });
    expect(queue.snapshot.payload.parse(snapshot)).toEqual(snapshot);
    const file = readFileSync('libs/contracts/samples/queue/Snapshot.v1.json', 'utf8');
    const sample = queue.snapshot.payload.parse(JSON.parse(file));
    expect(inNumbers(snapshot)).toEqual(inNumbers(sample));
    expect(inNumbers(snapshot)).toMatchObject({ spent: [1], left: [4, 9], passedOver: [2, 4], activeCount: 2 });
  });

  it('counts the passes of the last ten minutes as active, less those spent or left', () => {
    const ticks = [aKeptTick(1, 10, 600), aKeptTick(11, 20, 599), aKeptTick(21, 30, 61)];
    expect(snapshotOf({ ticks, spent: [1, 11, 12], left: [29] }).activeCount).toBe(17);
  });

  it('shows the rate of the last minute only', () => {
    expect(snapshotOf({ ticks: [aKeptTick(1, 10, 60), aKeptTick(11, 40, 59)] }).ratePerSecond).toBe(0.5);
    expect(snapshotOf({ ticks: [aKeptTick(1, 10, 60)] }).ratePerSecond).toBe(0);
    expect(snapshotOf({}).ratePerSecond).toBe(0);
  });

  it('shows the rate of a line that has just begun to move as that of its ticks', () => {
    expect(snapshotOf({ ticks: [aKeptTick(1, 1_000, 0)] }).ratePerSecond).toBe(200);
    expect(snapshotOf({ ticks: [aKeptTick(1, 1_000, 5), aKeptTick(1_001, 2_000, 0)] }).ratePerSecond).toBe(200);
    expect(snapshotOf({ ticks: [aKeptTick(1, 60, 58)] }).ratePerSecond).toBe(1);
  });

  it.each([
    [0, 1, 0],
    [1, 1, 1],
    [1_024, 1, 1_024],
    [1_025, 2, 513],
    [200_000, 256, 782],
    [1_000_000, 1_024, 977],
  ])('divides %i numbers into buckets of %i, %i of them', (numbers, size, count) => {
    const room = aRoom({ servingNumber: 77, lastNumber: 77 + numbers });
    expect([bucketSize(room), bucketCount(room)]).toEqual([size, count]);
  });

  it('has room for the envelope below 512 KiB', () => {
    expect(mostSnapshotBytes).toBeLessThan(512 * 1_024);
  });

  describe('that would be too large', () => {
    const mostBytes = 2_000;
    const sized = (facts: Partial<LineFacts>, room: Partial<WaitingRoom>) => {
      const all = { ...noFacts, ...facts };
      const snapshot = buildSnapshot(aRoom(room), all, noon, rules, mostBytes);
      expect(JSON.stringify(snapshot).length).toBeLessThan(mostBytes);
      return snapshot;
    };
    // Squares leave ever wider gaps: nothing that compresses away.
    const squares = (from: number, count: number) => Array.from({ length: count }, (_, n) => from + n * n);

    it('leaves out which registrations were given up', () => {
      const snapshot = sized({ registrationsLeft: squares(1, 1_300), live: [7] }, { seed: aSeed(1), registered: 2e6 });
      expect(snapshot.draw).toMatchObject({ registered: 2e6, left: { bits: '' } });
      expect(snapshot.buckets.live).toEqual([7]);
    });

    it('first leaves out who left before being served', () => {
      const left = [2, ...squares(100, 1_200)];
      const snapshot = sized(
        { ticks: [aKeptTick(1, 10, 1)], spent: [3], left },
        { servingNumber: 10, lastNumber: 2e6 },
      );
      expect([[...queue.decodeNumberSet(snapshot.left)], [...queue.decodeNumberSet(snapshot.spent)]]).toEqual([
        [2],
        [3],
      ]);
    });

    it('then the oldest ranges, but nobody who spent in one that stays', () => {
      const ticks = Array.from({ length: 8 }, (_, n) => aKeptTick(1 + n * 200_000, (n + 1) * 200_000, 60 - n));
      const spent = squares(1, 1_264);
      const snapshot = sized({ ticks, spent }, { servingNumber: 1_600_000, lastNumber: 1_600_000 });
      expect(snapshot.activated.length).toBeGreaterThan(0);
      expect(snapshot.activated.length).toBeLessThan(8);
      const stays = spent.filter((number) => number >= snapshot.activated[0]!.from);
      expect([...queue.decodeNumberSet(snapshot.spent)]).toEqual(stays);
    });
  });
});
