import { queue, type MessageContract, type PayloadOf } from '#contracts';
import type { Outgoing } from '#messaging';
import type { z } from 'zod';
import type { QueueSettings } from '../src/config.js';
import { type Front, Line, type Recent } from '../src/domain/line.js';
import type { Place } from '../src/domain/place.js';
import { after, leaseMs, type QueueRules } from '../src/domain/rules.js';
import { openRoom, type WaitingRoom } from '../src/domain/waiting-room.js';
import type { QueueCommand } from '../src/messages/accepted.js';
import { Seeds } from '../src/messages/seeds.js';

export const noon = new Date('2026-11-23T12:00:00.000Z');
export const concertId = anId(0xc0);

/** Tokens of ten minutes, ticks of three every five seconds. */
export const rules: QueueRules = {
  tokenTtlMs: 600_000,
  latePaymentMs: 300_000,
  tickMs: 5_000,
  activationBatch: 3,
  maxActive: null,
};

/** A UUIDv7 that differs by `number` only. */
export function anId(number: number): string {
  return `0198c0de-0000-7000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** Seeds that are the same in each walk: the first, the second, … */
export class CountedSeeds extends Seeds {
  private made = 0;

  override next(): string {
    return aSeed((this.made += 1));
  }
}

export function aSeed(number: number): string {
  return number.toString(16).padStart(64, '0');
}

export function secondsAfter(instant: Date, seconds: number): Date {
  return after(instant, seconds * 1_000);
}

export function aRoom(room: Partial<WaitingRoom> = {}): WaitingRoom {
  return {
    ...openRoom(concertId, null, aSeed(0), noon, rules),
    nextTickAt: noon,
    lastTickAt: secondsAfter(noon, -5),
    ...room,
  };
}

/** A place of user `u<number>` that was drawn at noon. */
export function aPlace(queueNumber: number, place: Partial<Place> = {}): Place {
  return {
    concertId,
    generation: 1,
    queueNumber,
    registration: null,
    tokenId: anId(queueNumber),
    userId: `u${queueNumber}`,
    status: 'WAITING',
    issuedAt: noon,
    leaseUntil: after(noon, leaseMs(rules)),
    activatedAt: null,
    activeUntil: null,
    arrivedAt: null,
    estimatedAt: null,
    finishedAt: null,
    ...place,
  };
}

/** A place whose pass began at noon. */
export function anActivePlace(queueNumber: number, place: Partial<Place> = {}): Place {
  return aPlace(queueNumber, {
    status: 'ACTIVE',
    activatedAt: noon,
    activeUntil: after(noon, rules.tokenTtlMs),
    ...place,
  });
}

export function aDeadPlace(queueNumber: number, place: Partial<Place> = {}): Place {
  return aPlace(queueNumber, { leaseUntil: secondsAfter(noon, -1), ...place });
}

/** The line at `now` (by default noon) with these places loaded, all of them at its front. */
export function aLineWith(
  places: readonly Place[],
  {
    now = noon,
    room = {},
    recent = [],
    with: settings = {},
  }: { now?: Date; room?: Partial<WaitingRoom>; recent?: readonly Recent[]; with?: Partial<QueueRules> } = {},
): Line {
  const general = places.filter(({ queueNumber }) => queue.classOf(queueNumber) === 0);
  const lastNumber = Math.max(0, ...general.map(({ queueNumber }) => queueNumber));
  const line = new Line(aRoom({ lastNumber, nextTickAt: now, ...room }), places, now, { ...rules, ...settings });
  const alive = places.filter((place) => place.status === 'WAITING' && line.isLive(place));
  line.front = {
    classes: frontsOf(alive),
    activeCount: places.filter((place) => place.status === 'ACTIVE' && line.isLive(place)).length,
    recent,
  };
  return line;
}

/** The front of each class, with all of these places. */
function frontsOf(alive: readonly Place[]): Front['classes'] {
  const numbers = alive.map(({ queueNumber }) => queueNumber).sort((one, other) => one - other);
  const byClass = Map.groupBy(numbers, queue.classOf);
  return new Map([...byClass].map(([index, liveNumbers]) => [index, { liveNumbers, lookedTo: null }]));
}

export function referenceOf({ generation, queueNumber, tokenId }: Place) {
  return { concertId, generation, queueNumber, tokenId };
}

export const settings = {
  HOST: '127.0.0.1',
  PORT: 0,
  INSTANCE_ID: 'test',
  SHUTDOWN_MS: 1_000,
  DATABASE_URL: 'postgres://localhost/none',
  DATABASE_POOL: 4,
  KAFKA_BROKERS: ['localhost:9092'],
  KAFKA_PREFIX: '',
  KAFKA_SESSION_MS: 6_000,
  QUEUE_TICK_MS: 5_000,
  QUEUE_ACTIVATION_BATCH: 1_000,
  QUEUE_MAX_ACTIVE: null,
  QUEUE_TOKEN_TTL_SECONDS: 600,
  QUEUE_PURGE_MS: 600_000,
  HOLD_SECONDS: 300,
} satisfies QueueSettings;

/** What a batch sends beside its replies, by kind. */
export function sortedOut(sent: readonly Outgoing[]) {
  const of = <C extends MessageContract>(contract: C) =>
    sent.filter((one) => one.contract === contract).map(({ payload }) => payload as PayloadOf<C>);
  return { snapshots: of(queue.snapshot), endings: of(queue.placesEnded) };
}

let drawn = 0;

/** A message as the engine hands it over. */
export function aMessage<Contract extends MessageContract>(contract: Contract, payload: PayloadOf<Contract>) {
  drawn += 1;
  return {
    id: anId(0xff0000 + drawn),
    type: contract.type as Contract['type'],
    payload,
    subject: contract.subject(payload),
    correlationId: anId(0xee0000),
    traceparent: null,
    asker: null,
    repeated: false,
  };
}

type Named = Pick<Place, 'concertId' | 'generation' | 'queueNumber' | 'tokenId'>;

export const aJoin = (userId: string, tokenId: string, of = concertId, codeHash?: string): QueueCommand =>
  aMessage(queue.joinQueue, { concertId: of, userId, tokenId, ...(codeHash !== undefined && { codeHash }) });
export const aRenewal = ({ concertId, generation, queueNumber, tokenId }: Named, leaseUntil: Date): QueueCommand =>
  aMessage(queue.renewLease, { concertId, generation, queueNumber, tokenId, leaseUntil: leaseUntil.toISOString() });
export const anArrival = (
  { concertId, generation, queueNumber, tokenId }: Named,
  estimatedAt: Date | null,
): QueueCommand =>
  aMessage(queue.noteArrival, {
    ...{ concertId, generation, queueNumber, tokenId },
    estimatedAt: estimatedAt?.toISOString() ?? null,
  });
export const aLeave = ({ concertId, generation, queueNumber, tokenId }: Named): QueueCommand =>
  aMessage(queue.leaveQueue, { concertId, generation, queueNumber, tokenId });
export const aSpending = ({ concertId, generation, queueNumber, tokenId }: Named): QueueCommand =>
  aMessage(queue.expireToken, { concertId, generation, queueNumber, tokenId, paymentId: anId(0xaa) });
export const aTick = (of = concertId): QueueCommand => aMessage(queue.tick, { concertId: of });
export const aDraw = (of = concertId): QueueCommand => aMessage(queue.drawNumbersOfPage, { concertId: of });
export const aPublishing = (of = concertId): QueueCommand => aMessage(queue.publishSnapshot, { concertId: of });
export const aControl = (controls: z.input<typeof queue.controls>, of = concertId): QueueCommand =>
  aMessage(queue.changeControls, { concertId: of, ...controls, operator: 'olga', reason: 'as planned' });
export const aReset = (of = concertId): QueueCommand =>
  aMessage(queue.resetQueue, { concertId: of, operator: 'olga', reason: 'rehearsed enough' });
export const aPurge = (of = concertId): QueueCommand => aMessage(queue.purgePlaces, { concertId: of });
