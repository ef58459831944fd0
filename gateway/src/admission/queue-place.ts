import { queue } from '#contracts';
import { z } from 'zod';
import { chances } from './chance.js';

const seconds = z.int().min(0);

/** A visitor's place in line as the API shows it. */
export const queuePlace = z
  .object({
    concertId: z.uuid(),
    status: z.enum(['PREQUEUE', 'WAITING', 'ACTIVE']),
    mode: z.enum(queue.queueModes),
    message: z.string().nullable(),
    token: z.string().meta({ description: 'send it as Queue-Token; each answer while waiting has a renewed one' }),
    registration: z.int().min(1).nullable().meta({
      description: 'which one it was in the pre-queue: with the published seed it tells the number that was drawn',
    }),
    admissionClass: z.string().nullable().meta({
      description:
        'in whose line it is: general, or the class whose code it was taken with; null until it is known here',
    }),
    queueNumber: z
      .int()
      .min(1)
      .nullable()
      .meta({ description: 'in the line of its class; null in PREQUEUE: it is drawn when the sale opens' }),
    position: z.int().min(0).nullable().meta({ description: '1 is next, 0 only when ACTIVE; never rises' }),
    estimatedWaitSeconds: seconds.nullable().meta({ description: 'null when unknown or not advancing' }),
    chance: z
      .enum(chances)
      .nullable()
      .meta({
        description:
          'LIKELY: enough seats are left (free or held) for everybody with a pass or ahead in line, and this place, if each ' +
          'buys as many as buyers did on average so far (2 before the first). SOLD_OUT: every seat is sold or blocked, until ' +
          'one comes back. null: unknown',
      }),
    opensAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().meta({ description: 'while WAITING of the token, while ACTIVE of the pass' }),
    expiresInSeconds: seconds,
    pollAfterSeconds: z.int().min(1),
  })
  .meta({ id: 'QueuePlace' });

export type QueuePlace = z.output<typeof queuePlace>;
/** What all who wait in a line are shown alike. */
export type LineView = Pick<QueuePlace, 'concertId' | 'mode' | 'message' | 'opensAt'>;
/** What is shown to one of them. */
export type OwnView = Omit<QueuePlace, keyof LineView>;
