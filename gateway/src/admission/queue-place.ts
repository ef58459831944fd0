import { queue } from '#contracts';
import { z } from 'zod';

const seconds = z.int().min(0);

/** A visitor's place in line as the API shows it. */
export const queuePlace = z
  .object({
    concertId: z.uuid(),
    status: z.enum(['PREQUEUE', 'WAITING', 'ACTIVE']),
    mode: z.enum(queue.queueModes),
    message: z.string().nullable(),
    token: z.string().meta({ description: 'send it as Queue-Token; each answer while waiting has a renewed one' }),
    queueNumber: z.int().min(1).nullable(),
    position: z.int().min(0).nullable().meta({ description: '1 is next, 0 only when ACTIVE; never rises' }),
    estimatedWaitSeconds: seconds.nullable().meta({ description: 'null when unknown or not advancing' }),
    opensAt: z.iso.datetime().nullable(),
    expiresAt: z.iso.datetime().meta({ description: 'while WAITING of the token, while ACTIVE of the pass' }),
    expiresInSeconds: seconds,
    pollAfterSeconds: z.int().min(1),
  })
  .meta({ id: 'QueuePlace' });

export type QueuePlace = z.output<typeof queuePlace>;
