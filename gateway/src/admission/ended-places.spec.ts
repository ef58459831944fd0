import { beforeEach, describe, expect, it } from '@jest/globals';
import { EndingFeed } from '#messaging';
import { aConcertId, otherConcertId } from '../../test/admission-builders.js';
import { EndedPlaces } from './ended-places.js';

describe('places that ended', () => {
  let feed: EndingFeed;
  let ended: EndedPlaces;
  beforeEach(() => {
    feed = new EndingFeed();
    ended = new EndedPlaces(feed);
  });
  const place = (queueNumber: number, generation = 1, concertId = aConcertId) => ({
    concertId,
    generation,
    queueNumber,
  });

  it('are those that were told, in the line and generation they were told of', () => {
    feed.publish({ concertId: aConcertId, generation: 1, spent: [1, 1_000_000], left: [8] });
    expect([1, 1_000_000, 8, 9, 999_999].map((number) => ended.of(place(number)))).toEqual([
      'SPENT',
      'SPENT',
      'LEFT',
      undefined,
      undefined,
    ]);
    expect([ended.of(place(1, 2)), ended.of(place(1, 1, otherConcertId))]).toEqual([undefined, undefined]);
  });

  it('stay as they are when an older generation is told late, and are forgotten with a newer one', () => {
    ended.add(place(3, 2), 'LEFT');
    feed.publish({ concertId: aConcertId, generation: 1, spent: [4], left: [] });
    expect([ended.of(place(3, 2)), ended.of(place(4, 1)), ended.of(place(4, 2))]).toEqual([
      'LEFT',
      undefined,
      undefined,
    ]);
    ended.add(place(5, 3), 'SPENT');
    expect([ended.of(place(3, 2)), ended.of(place(3, 3)), ended.of(place(5, 3))]).toEqual([
      undefined,
      undefined,
      'SPENT',
    ]);
  });

  it('of a million numbers take 125 KB', () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let number = 1; number <= 1_000_000; number += 1) ended.add(place(number), 'LEFT');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    expect([1, 500_000, 1_000_000].map((number) => ended.of(place(number)))).toEqual(['LEFT', 'LEFT', 'LEFT']);
  });
});
