import { z } from 'zod';
import { defineMessage } from '../message-contract.js';
import { topics } from '../topics.js';
import { instant, placeReference, userId, uuid } from '../values.js';

const ofConcert = {
  topic: topics.queueCommands,
  key: (payload: { concertId: string }) => payload.concertId,
};
const ofPlace = { ...ofConcert, subject: (payload: { tokenId: string }) => payload.tokenId };
const ofRoom = { ...ofConcert, subject: (payload: { concertId: string }) => payload.concertId };

/** Take a place in line, or get the live one again. Answered with a `Place`, or CONCERT_NOT_FOUND, QUEUE_CLOSED. */
export const joinQueue = defineMessage({
  type: 'queue.JoinQueue.v1',
  payload: z.object({ concertId: uuid, userId, tokenId: uuid }),
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
});
export type Place = z.output<typeof place>;

/** A visitor was seen: the place lives at least until `leaseUntil`. Not answered. */
export const renewLease = defineMessage({
  type: 'queue.RenewLease.v1',
  payload: placeReference.extend({ leaseUntil: instant }),
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
});

/** A change waits to be shown: the snapshot that was held back by the 500 ms limit is due. */
export const publishSnapshot = defineMessage({
  type: 'queue.PublishSnapshot.v1',
  payload: z.object({ concertId: uuid }),
  ...ofRoom,
});

/** Delete finished places that no verdict needs any more. */
export const purgePlaces = defineMessage({
  type: 'queue.PurgePlaces.v1',
  payload: z.object({ concertId: uuid }),
  ...ofRoom,
});
