import { queue } from '#contracts';
import { parseKeyRing } from '../src/admission/key-ring.js';
import type { TokenFacts } from '../src/admission/queue-token.js';
import { Room } from '../src/admission/room.js';

export const minute = 60_000;
export const noon = Date.parse('2030-01-01T12:00:00.000Z');
export const aConcertId = '0190a000-0000-7000-8000-000000000001';
export const otherConcertId = '0190a000-0000-7000-8000-000000000002';
const aTokenId = '0190b000-0000-7000-8000-000000000001';

const at = (ms: number) => new Date(ms).toISOString();

/** A ring of one key for each name, the first signing. */
export function aKeyRing(...kids: string[]) {
  const secret = (kid: string) => Buffer.alloc(32, kid).toString('base64url');
  return parseKeyRing(kids.map((kid) => `${kid}:${secret(kid)}`).join(','));
}

/** A waiting place's token, signed at noon. */
export function aToken(facts: Partial<TokenFacts> = {}): TokenFacts {
  return {
    concertId: aConcertId,
    generation: 1,
    queueNumber: 10,
    tokenId: aTokenId,
    userId: 'ann',
    issuedAt: noon,
    expiresAt: noon + 10 * minute,
    leaseUntil: noon + 15 * minute,
    shownPosition: null,
    estimatedAt: null,
    ...facts,
  };
}

interface Line {
  readonly activated?: { from: number; to: number; at: number }[];
  readonly spent?: number[];
  readonly left?: number[];
  readonly passedOver?: number[];
  readonly live?: number[];
}

/** A snapshot of a line of 20 at noon, nobody served yet. `line` says times and numbers plainly. */
export function aSnapshot(fields: Partial<queue.QueueSnapshot> = {}, line: Line = {}): queue.QueueSnapshot {
  const { activated = [], spent = [], left = [], passedOver = [], live = Array.from({ length: 20 }, () => 1) } = line;
  return queue.snapshot.payload.parse({
    concertId: aConcertId,
    generation: 1,
    version: 1,
    tickNumber: 1,
    at: at(noon),
    mode: 'OPEN',
    salesOpenAt: null,
    activationBatch: 1000,
    tickMs: 5000,
    tokenTtlSeconds: 600,
    lastQueueNumber: 20,
    servingNumber: 0,
    waitingCount: 20,
    activeCount: 0,
    ratePerSecond: 0,
    activated: activated.map((range) => ({ ...range, at: at(range.at) })),
    spent: queue.encodeNumberSet(spent),
    left: queue.encodeNumberSet(left),
    passedOver: queue.encodeNumberSet(passedOver),
    buckets: { size: 1, live },
    ...fields,
  });
}

/** A class of a snapshot, with `waiting` live places and nobody served. */
export function aClass(
  waiting: number,
  fields: Partial<queue.QueueSnapshot['classes'][number]> = {},
): queue.QueueSnapshot['classes'] {
  const before = queue.numberBefore(fields.index ?? 1);
  const none = queue.encodeNumberSet([]);
  return [
    {
      ...{ index: 1, name: 'presale', share: 20, ratePerSecond: 0, spent: none, left: none, passedOver: none },
      ...{ lastQueueNumber: before + waiting, servingNumber: before },
      buckets: { size: 1, live: Array.from({ length: waiting }, () => 1) },
      ...fields,
    },
  ];
}

/** The room of `aSnapshot`, received when the monotonic clock said 0. */
export function aRoom(fields: Partial<queue.QueueSnapshot> = {}, line: Line = {}): Room {
  return new Room(aSnapshot(fields, line), 0);
}
