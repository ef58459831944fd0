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
    /** The queue database's clock when this was decided. */
    at: instant,
    mode: z.enum(queueModes),
    salesOpenAt: instant.nullable(),
    activationBatch: z.int().min(1),
    tickMs: z.int().min(1),
    /** How long a pass lasts, and how long a signed token of a waiting place does. */
    tokenTtlSeconds: z.int().min(1),
    lastQueueNumber: z.int().min(0),
    /** The highest number ever passed by a tick; 0 before the first. */
    servingNumber: z.int().min(0),
    waitingCount: z.int().min(0),
    activeCount: z.int().min(0),
    /** Places activated a second over the last minute; 0 when none. */
    ratePerSecond: z.number().min(0),
    /**
     * What the ticks of the last pass length, and of a hold's length before it (late payments), activated: every number in
     * [from, to] but the passed-over ones.
     */
    activated: z.array(z.object({ from: z.int().min(1), to: z.int().min(1), at: instant })),
    spent: numberSet,
    left: numberSet,
    /** Inside an activated range but dead when the tick came. */
    passedOver: numberSet,
    /** Live waiting places per bucket of `size` numbers; bucket 0 starts at servingNumber + 1. */
    buckets: z.object({ size: z.int().min(1), live: z.array(z.int().min(0)) }),
  }),
  key: (payload) => payload.concertId,
  subject: (payload) => payload.concertId,
});
export type QueueSnapshot = z.output<(typeof snapshot)['payload']>;
