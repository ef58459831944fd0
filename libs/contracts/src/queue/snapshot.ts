import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { topics } from '../topics.js';
import { instant, uuid } from '../values.js';

export const queueModes = ['OPEN', 'PAUSED', 'DRAIN', 'CLOSED'] as const;
export type QueueMode = (typeof queueModes)[number];

/**
 * A set of queue numbers: a bitmap of `[from, from + 8 · bytes)`, least significant bit first, raw-deflated, base64.
 * An empty set has an empty `bits`.
 */
export const numberSet = z.object({ from: z.int().min(1), bits: z.string() });
export type NumberSet = z.output<typeof numberSet>;

/** The seats of a concert, those of all its schedules that were counted. */
export const stock = z.object({
  /** Neither sold nor blocked: free, or held and perhaps free again. */
  seatsLeft: z.int().min(0),
  seatsSold: z.int().min(0),
  /** Who bought those, once for each schedule. */
  buyers: z.int().min(0),
});
export type Stock = z.output<typeof stock>;

/** What everybody may know of the draw of a pre-queue; `drawNumbers` has the order. */
export const draw = z.object({
  /** SHA-256 of the seed, published before anybody registers. */
  seedHash: z.string(),
  /** Who registered up to now; fixed from the opening of the sale on. */
  registered: z.int().min(0),
  /** Once the draw is done. */
  seed: z.string().nullable(),
});
export type Draw = z.output<typeof draw>;

/** What a snapshot tells of the numbers of one class. */
const numbers = {
  /** The highest number given; that before the class's first when none was. */
  lastQueueNumber: z.int().min(0),
  /** The highest number ever passed by a tick; that before the class's first when none was. */
  servingNumber: z.int().min(0),
  /** Places activated a second over the last minute, or since the line began to move; 0 when none. */
  ratePerSecond: z.number().min(0),
  spent: numberSet,
  left: numberSet,
  /** Inside an activated range but dead when the tick came. */
  passedOver: numberSet,
  /** Live waiting places per bucket of `size` numbers; bucket 0 starts at servingNumber + 1, and has who is registered. */
  buckets: z.object({ size: z.int().min(1), live: z.array(z.int().min(0)) }),
};
const classNumbers = z.object(numbers);
export type ClassNumbers = z.output<typeof classNumbers>;

/**
 * All a gateway needs to judge a concert's tokens without asking, self-contained. Readers keep the highest
 * (generation, version) they have seen.
 */
export const snapshot = defineMessage({
  type: 'queue.Snapshot.v1',
  topic: topics.queueSnapshots,
  payload: z.object({
    concertId: uuid,
    generation: z.int().min(1),
    version: z.int().min(1),
    /** Ticks of the room so far. Snapshots of before it was told have none: 0. */
    tickNumber: z.int().min(0).default(0),
    /** The queue database's clock when this was decided. */
    at: instant,
    mode: z.enum(queueModes),
    /** Of an operator to everybody in the line. */
    message: z.string().nullable().default(null),
    salesOpenAt: instant.nullable(),
    activationBatch: z.int().min(1),
    tickMs: z.int().min(1),
    /** Most passes that run at once; null: no cap. */
    maxActive: z.int().min(1).nullable().default(null),
    /** Null: no schedule was counted yet. */
    stock: stock.nullable().default(null),
    /** How long a pass lasts, and how long a signed token of a waiting place does. */
    tokenTtlSeconds: z.int().min(1),
    waitingCount: z.int().min(0),
    activeCount: z.int().min(0),
    /** Of everybody: those without a class. */
    ...numbers,
    /** The other classes. */
    classes: z
      .array(classNumbers.extend({ index: z.int().min(1), name: z.string(), share: z.int().min(0).max(100) }))
      .default([]),
    /**
     * What the ticks of the last pass length, and of a hold's length before it (late payments), activated, and the joins that
     * were let in at once: every number in [from, to] but the passed-over ones.
     */
    activated: z.array(z.object({ from: z.int().min(1), to: z.int().min(1), at: instant })),
    /** The pre-queue, where the room has or had one. `left`: registrations that were given up, until the draw is done. */
    draw: draw.extend({ left: numberSet }).nullable().default(null),
  }),
  key: (payload) => payload.concertId,
  subject: (payload) => payload.concertId,
});
export type QueueSnapshot = z.output<(typeof snapshot)['payload']>;
