import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { ofDeadLetter } from '../replay.js';
import { topics } from '../topics.js';
import { instant, operation, placeReference, userId, uuid } from '../values.js';
import { className, codeHash, everybody, mostClasses } from './admission-class.js';
import { queueModes } from './snapshot.js';

const ofConcert = {
  topic: topics.queueCommands,
  key: (payload: { concertId: string }) => payload.concertId,
};
const ofPlace = { ...ofConcert, subject: (payload: { tokenId: string }) => payload.tokenId };
const ofRoom = { ...ofConcert, subject: (payload: { concertId: string }) => payload.concertId };

/**
 * Take a place in line, or get the live one again; with a code, one in its class. Answered with a `Place`, or rejected:
 * CONCERT_NOT_FOUND, QUEUE_CLOSED, INVALID_REQUEST when the code is none of this line.
 */
export const joinQueue = defineMessage({
  type: 'queue.JoinQueue.v1',
  payload: z.object({ concertId: uuid, userId, tokenId: uuid, codeHash: codeHash.optional() }),
  ...ofPlace,
});

export const placeStatuses = ['WAITING', 'ACTIVE'] as const;

export const place = placeReference.extend({
  userId,
  status: z.enum(placeStatuses),
  issuedAt: instant,
  /** While WAITING: no signed token of this place may end after it. */
  leaseUntil: instant,
  /** While ACTIVE: the end of the pass. */
  activeUntil: instant.nullable(),
  /** False when the user already had this place. */
  created: z.boolean(),
  /** The name of its class. */
  admissionClass: z.string().default(everybody),
});
export type Place = z.output<typeof place>;

/** A visitor was seen: the place lives at least until `leaseUntil`. Not answered. */
export const renewLease = defineMessage({
  type: 'queue.RenewLease.v1',
  payload: placeReference.extend({ leaseUntil: instant }),
  ...ofPlace,
});

/**
 * Whoever has a pass was seen with it: they came when it was their turn. `estimatedAt`: when that would be, as they were told
 * first; null when they never were. Not answered.
 */
export const noteArrival = defineMessage({
  type: 'queue.NoteArrival.v1',
  payload: placeReference.extend({ estimatedAt: instant.nullable() }),
  ...ofPlace,
});

/** Give the place up. Answered with {}, whether or not it was still there. */
export const leaveQueue = defineMessage({
  type: 'queue.LeaveQueue.v1',
  payload: placeReference,
  ...ofPlace,
});

/** The payment spent the token. Answered with {}; an unknown, purged or old place is acknowledged too. */
export const expireToken = defineMessage({
  type: 'queue.ExpireToken.v1',
  payload: placeReference.extend({ paymentId: uuid }),
  ...ofPlace,
});

/** The activation tick: the lowest live numbers become ACTIVE, unless the last tick is less than the interval ago. */
export const tick = defineMessage({
  type: 'queue.Tick.v1',
  payload: z.object({ concertId: uuid }),
  ...ofRoom,
  look: true,
});

/** A change waits to be shown: the snapshot that was held back by the 500 ms limit is due. */
export const publishSnapshot = defineMessage({
  type: 'queue.PublishSnapshot.v1',
  payload: z.object({ concertId: uuid }),
  ...ofRoom,
  look: true,
});

/** Delete finished places that no verdict needs any more. */
export const purgePlaces = defineMessage({
  type: 'queue.PurgePlaces.v1',
  payload: z.object({ concertId: uuid }),
  ...ofRoom,
  look: true,
});

/** The sale of a pre-queue has opened: the next page of who registered gets the numbers that the seed says. */
export const drawNumbersOfPage = defineMessage({
  type: 'queue.DrawNumbers.v1',
  payload: z.object({ concertId: uuid }),
  ...ofRoom,
  look: true,
});

/** Who has its code waits in a line of their own, which has this share of every batch at least while somebody waits in it. */
export const admissionClass = z.object({
  name: className,
  /** Of every batch, in percent; what a class does not use is everybody's. */
  share: z.int().min(0).max(100),
  /** What lets somebody in; null: nobody new. Absent: as it was, and null at first. */
  codeHash: codeHash.nullable().optional(),
});

export const namesDiffer = [
  (classes: readonly { readonly name: string }[]) => new Set(classes.map(({ name }) => name)).size === classes.length,
  'must have different names',
] as const;
export const sharesFit = [
  (classes: readonly { readonly share: number }[]) => classes.reduce((sum, { share }) => sum + share, 0) <= 100,
  'must share no more than 100 percent',
] as const;

/** What operators may change of a waiting room; what is absent stays as it is. */
export const controls = z.object({
  mode: z.enum(queueModes).optional(),
  /** Most places a tick makes ACTIVE. */
  activationBatch: z.int().min(1).max(100_000).optional(),
  /** Least time between two ticks, s. */
  tickSeconds: z.int().min(1).max(3_600).optional(),
  /** Most passes that run at once; null: no cap. */
  maxActive: z.int().min(1).max(10_000_000).nullable().optional(),
  /** With fewer passes running, a join while nobody waits is let in at once; null: never. */
  instantBelow: z.int().min(1).max(10_000_000).nullable().optional(),
  /** A message to everybody in the line; null: none. */
  message: z.string().min(1).max(500).nullable().optional(),
  /** All classes there are to be; one that has given numbers in this generation must be among them. */
  classes: z
    .array(admissionClass)
    .max(mostClasses)
    .refine(...namesDiffer)
    .refine(...sharesFit)
    .optional(),
});

export type Controls = z.output<typeof controls>;

/**
 * An operator changes how a waiting room works. Answered with the queue as operators see it; rejected:
 * CONCERT_NOT_FOUND, INVALID_REQUEST when a class in use is left out.
 */
export const changeControls = defineMessage({
  type: 'queue.ChangeControls.v1',
  payload: controls.extend({ concertId: uuid }).extend(operation.shape),
  ...ofRoom,
  audited: true,
});

/**
 * An operator begins a new generation: numbers begin at 1 again, and every token of the older ones is void. Answered with
 * the queue as operators see it; rejected: CONCERT_NOT_FOUND.
 */
export const resetQueue = defineMessage({
  type: 'queue.ResetQueue.v1',
  payload: z.object({ concertId: uuid }).extend(operation.shape),
  ...ofRoom,
  audited: true,
});

/**
 * An operator has a dead letter of this service handled again, and what is parked of its subject. Answered with a `Replay`;
 * rejected: DEAD_LETTER_NOT_FOUND, DEAD_LETTER_NOT_REPLAYABLE.
 */
export const replayDeadLetter = defineMessage({
  type: 'queue.ReplayDeadLetter.v1',
  topic: topics.queueCommands,
  ...ofDeadLetter,
});
