import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { aConcertId, aRoom, aToken, minute, noon, otherConcertId } from '../../test/admission-builders.js';
import type { TokenFacts } from './queue-token.js';
import type { Room } from './room.js';
import { judge, type Judging } from './verdict.js';

const ann: Judging = { userId: 'ann', concertId: aConcertId, stale: false, payLateMs: 0 };
const paying: Judging = { ...ann, payLateMs: 5 * minute };

function verdict(token: TokenFacts | null, room: Room | undefined, now = noon, judging: Partial<Judging> = {}) {
  return judge(token, room, now, { ...ann, ...judging });
}

describe('a token is INVALID', () => {
  const invalid = { status: 'INVALID', reason: 'INVALID' };

  it('when its signature is not ours', () => expect(verdict(null, undefined)).toEqual(invalid));
  it("when it is another user's", () => expect(verdict(aToken({ userId: 'bob' }), aRoom())).toEqual(invalid));
  it('when it is for another concert', () =>
    expect(verdict(aToken({ concertId: otherConcertId }), aRoom())).toEqual(invalid));
  it('when the line was started anew', () =>
    expect(verdict(aToken(), aRoom({ generation: 2 }))).toEqual({ status: 'INVALID', reason: 'RESET' }));
  it("before anything else: another user's spent token is not told to be spent", () =>
    expect(verdict(aToken({ userId: 'bob' }), aRoom({}, { spent: [10] }))).toEqual(invalid));
});

describe('a token is WAITING', () => {
  it('while its number has not been served', () =>
    expect(verdict(aToken(), aRoom())).toEqual({ status: 'WAITING', position: 10 }));
  it('before the first snapshot of its concert, at the position it was last shown', () =>
    expect(verdict(aToken({ shownPosition: 4 }), undefined)).toEqual({ status: 'WAITING', position: 4 }));
  it('when its generation is newer than the snapshot', () =>
    expect(verdict(aToken({ generation: 2 }), aRoom({}, { spent: [10] }))).toEqual({
      status: 'WAITING',
      position: null,
    }));
  it('when it joined after the snapshot', () =>
    expect(verdict(aToken({ queueNumber: 23 }), aRoom())).toEqual({ status: 'WAITING', position: 23 }));
  it('past its time when the snapshot is stale: nobody is thrown out', () =>
    expect(verdict(aToken(), aRoom(), noon + 20 * minute, { stale: true }).status).toBe('WAITING'));
});

describe('a token is ACTIVE', () => {
  const room = aRoom({ servingNumber: 15 }, { activated: [{ from: 1, to: 15, at: noon }], passedOver: [9] });
  const activeUntil = noon + 10 * minute;

  it('from its activation on for ten minutes, whatever was renewed (I7)', () => {
    fc.assert(
      fc.property(fc.integer({ min: -minute, max: 30 * minute }), fc.nat(60 * minute), (after, renewedBy) => {
        const token = aToken({ expiresAt: noon + renewedBy, leaseUntil: noon + renewedBy });
        const expected =
          after < 10 * minute ? { status: 'ACTIVE', activeUntil } : { status: 'EXPIRED', reason: 'PASS_ENDED' };
        expect(verdict(token, room, noon + after)).toEqual(expected);
      }),
    );
  });

  it('though its own time is over: the pass counts', () =>
    expect(verdict(aToken({ expiresAt: noon - 1 }), room)).toEqual({ status: 'ACTIVE', activeUntil }));

  it('at once where the join was answered so, until a snapshot tells, and for no longer than that pass', () => {
    const given = { passHere: activeUntil };
    const joined = aToken({ queueNumber: 16 });
    for (const known of [room, undefined, aRoom({ lastQueueNumber: 12 })]) {
      expect(verdict(joined, known, noon, given)).toEqual({ status: 'ACTIVE', activeUntil });
      expect(verdict(joined, known, activeUntil, given)).toEqual({ status: 'EXPIRED', reason: 'PASS_ENDED' });
      expect(verdict(joined, known, activeUntil, { ...given, payLateMs: 1 })).toEqual({
        status: 'ACTIVE',
        activeUntil,
      });
      expect(verdict(joined, known, noon, { ...given, endedHere: 'SPENT' }).status).toBe('EXPIRED');
    }
    expect(verdict(joined, aRoom({}, { left: [16] }), noon, given)).toEqual({ status: 'EXPIRED', reason: 'LEFT' });
    expect(verdict(aToken(), room, noon, { passHere: noon + 1 })).toEqual({ status: 'ACTIVE', activeUntil });
    expect(verdict(joined, aRoom({ generation: 2 }), noon, given).status).toBe('INVALID');
    expect(verdict(joined, room)).toMatchObject({ status: 'WAITING' });
  });

  it('a while after the pass for paying, and then not', () => {
    expect(verdict(aToken(), room, noon + 15 * minute - 1, paying)).toEqual({ status: 'ACTIVE', activeUntil });
    expect(verdict(aToken(), room, noon + 15 * minute, paying)).toEqual({ status: 'EXPIRED', reason: 'PASS_ENDED' });
  });

  it('never because a stale snapshot grew older', () => {
    const waiting = aToken({ queueNumber: 16 });
    fc.assert(
      fc.property(fc.nat(60 * minute), (after) => {
        expect(verdict(waiting, room, noon + after, { stale: true }).status).toBe('WAITING');
      }),
    );
  });
});

describe('a token is EXPIRED', () => {
  const activated = [{ from: 1, to: 15, at: noon }];
  const expired = (reason: string) => ({ status: 'EXPIRED', reason });

  it('SPENT, in a running pass, for paying too (I8)', () => {
    const room = aRoom({ servingNumber: 15 }, { activated, spent: [10] });
    expect(verdict(aToken(), room)).toEqual(expired('SPENT'));
    expect(verdict(aToken(), room, noon, paying)).toEqual(expired('SPENT'));
  });
  it('SPENT at once where the payment was answered, before a snapshot says so', () => {
    const room = aRoom({ servingNumber: 15 }, { activated });
    expect(verdict(aToken(), room, noon, { endedHere: 'SPENT' })).toEqual(expired('SPENT'));
    expect(verdict(aToken(), undefined, noon, { endedHere: 'SPENT' })).toEqual(expired('SPENT'));
  });
  it('LEFT, waiting or active', () => {
    expect(verdict(aToken(), aRoom({}, { left: [10] }))).toEqual(expired('LEFT'));
    expect(verdict(aToken(), aRoom({ servingNumber: 15 }, { activated, left: [10] }))).toEqual(expired('LEFT'));
  });
  it('LAPSED when a tick passed it over', () =>
    expect(verdict(aToken(), aRoom({ servingNumber: 15 }, { activated, passedOver: [10] }))).toEqual(
      expired('LAPSED'),
    ));
  it('LAPSED past its time', () => {
    expect(verdict(aToken(), aRoom(), noon + 10 * minute).status).toBe('WAITING');
    expect(verdict(aToken(), aRoom(), noon + 10 * minute + 1)).toEqual(expired('LAPSED'));
  });
  it('PASS_ENDED when its tick is no longer kept', () =>
    expect(verdict(aToken(), aRoom({ servingNumber: 15 }))).toEqual(expired('PASS_ENDED')));
});

describe('the shown position', () => {
  it('never rises over any sequence of snapshots and replicas, and is 0 only when ACTIVE (I5)', () => {
    const lines = fc.array(
      fc.record({ serving: fc.nat(19), live: fc.array(fc.nat(1), { minLength: 20, maxLength: 20 }) }),
    );
    fc.assert(
      fc.property(lines, fc.constantFrom(1, 2, 4), (snapshots, size) => {
        let shown: number | null = null;
        for (const { serving, live } of snapshots) {
          const buckets = { size, live: inBuckets(live.slice(serving), size) };
          const room = aRoom({ servingNumber: serving, buckets });
          const judged = verdict(aToken({ queueNumber: 20, shownPosition: shown }), room);
          if (judged.status !== 'WAITING' || judged.position === null) throw new Error('waits');
          expect(judged.position).toBeGreaterThanOrEqual(1);
          if (shown !== null) expect(judged.position).toBeLessThanOrEqual(shown);
          shown = judged.position;
        }
      }),
    );
  });

  it('is exact where each number has a bucket of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1), { minLength: 20, maxLength: 20 }), fc.nat(19), (live, index) => {
        fc.pre(live[index] === 1);
        const before = live.slice(0, index).filter((one) => one === 1).length;
        const judged = verdict(aToken({ queueNumber: index + 1 }), aRoom({}, { live }));
        expect(judged).toEqual({ status: 'WAITING', position: before + 1 });
      }),
    );
  });

  it('is never lower than the true one where buckets hold several', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1), { minLength: 20, maxLength: 20 }),
        fc.nat(19),
        fc.integer({ min: 1, max: 7 }),
        (live, index, size) => {
          fc.pre(live[index] === 1);
          const before = live.slice(0, index).filter((one) => one === 1).length;
          const room = aRoom({ buckets: { size, live: inBuckets(live, size) } });
          const position = room.lineOf(index + 1)!.position(index + 1);
          expect(position).toBeGreaterThanOrEqual(before + 1);
          expect(position).toBeLessThanOrEqual(index + 1);
          const bucketEnd = (Math.floor(index / size) + 1) * size;
          expect(position).toBeLessThanOrEqual(live.slice(0, bucketEnd).filter((one) => one === 1).length);
        },
      ),
    );
  });
});

describe('replicas', () => {
  it('say the same of the same token with the same snapshot (I6)', () => {
    const fields = { servingNumber: 12 };
    const line = { activated: [{ from: 1, to: 12, at: noon }], spent: [3], left: [5, 14], passedOver: [7] };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 25 }), fc.nat(30 * minute), (queueNumber, after) => {
        const [one, other] = [aRoom(fields, line), aRoom(fields, line)];
        // Asked other things before: what a replica has unpacked or answered does not matter.
        verdict(aToken({ queueNumber: 1 }), other);
        const token = aToken({ queueNumber });
        expect(verdict(token, one, noon + after)).toEqual(verdict(token, other, noon + after));
      }),
    );
  });
});

function inBuckets(live: readonly number[], size: number): number[] {
  const buckets: number[] = [];
  live.forEach((one, index) => {
    const bucket = Math.floor(index / size);
    buckets[bucket] = (buckets[bucket] ?? 0) + one;
  });
  return buckets;
}
