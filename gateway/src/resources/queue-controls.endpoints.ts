import { queue } from '#contracts';
import { z } from 'zod';
import { endpoint } from '../endpoint/endpoint.js';
import { listOf, paging, storableText, uuid } from '../endpoint/values.js';
import { operatorReason } from './operations.bodies.js';
import { classCode, queueDocument } from './waiting-room.endpoints.js';

const tag = 'Operators';
const ofConcert = z.strictObject({ concertId: uuid });
const count = z.int().min(0);

export const operatedQueue = queueDocument
  .extend({
    maxActive: z.int().min(1).nullable().meta({ description: 'most passes that run at once; null for no cap' }),
    instantBelow: z.int().min(1).nullable().meta({
      description: 'with fewer passes running, a join while nobody waits is ACTIVE at once; null for never',
    }),
    generation: z.int().min(1).meta({ description: 'counts the resets' }),
    message: z.string().nullable().meta({ description: 'what everybody in the line is told' }),
    seatsLeft: count.nullable().meta({ description: 'seats neither sold nor blocked; null before they were counted' }),
    classes: z
      .array(
        z.object({
          name: z.string(),
          share: z.int().min(0).max(100).meta({ description: 'of every batch, in percent, while so many wait in it' }),
          open: z
            .boolean()
            .meta({ description: 'whether somebody can come in: without a code into general, else with one' }),
          waitingCount: count,
          lastQueueNumber: count,
          servingNumber: count,
        }),
      )
      .meta({ description: 'general, which is everybody’s, and then the others; numbers count from 1 in each' }),
  })
  .meta({ id: 'OperatedQueue' });
export type OperatedQueue = z.output<typeof operatedQueue>;

const limits = ['BATCH', 'CAP', 'EMPTY', 'PASSED_OVER', 'PAUSED', 'CLOSED', 'NOT_OPEN', 'DRAWING', 'INSTANT'] as const;

export const queueTick = z
  .object({
    generation: z.int().min(1),
    tickNumber: z.int().min(1),
    admissionClass: z.string().meta({ description: 'whose part of the tick this is; general is everybody’s' }),
    at: z.iso.datetime(),
    limitedBy: z
      .enum(limits)
      .nullable()
      .meta({
        description:
          'why it let in no more. BATCH: a full batch; CAP: so many passes run already; EMPTY: nobody else waits; ' +
          'PASSED_OVER: it passed over the most dead places that a tick may; PAUSED, CLOSED: the mode; NOT_OPEN: the sale ' +
          'is still to open; DRAWING: the numbers of the pre-queue are being drawn; INSTANT: no tick, but joins within a second that were let in at once, since nobody waited',
      }),
    activationBatch: z.int().min(1).nullable(),
    tickSeconds: z.number().min(0).nullable(),
    maxActive: z.int().min(1).nullable(),
    active: count.nullable().meta({ description: 'passes that ran before it' }),
    waiting: count.nullable().meta({ description: 'live places of the class that waited before it' }),
    admitted: count,
    passedOver: count.meta({ description: 'dead places between those that were let in' }),
    from: z
      .int()
      .min(1)
      .nullable()
      .meta({ description: 'the first number that it settled; null when it moved nobody' }),
    to: z.int().min(1).nullable(),
    repeated: count.meta({ description: 'how many ticks after it moved nobody either, for the same reason' }),
  })
  .meta({ id: 'QueueTick', description: 'null: not kept for this tick' });

const waitSeconds = count.nullable().meta({ description: 'of those admitted, to a tenth; null when there are none' });

const errorSeconds = count.nullable().meta({
  description:
    'how far the first estimate of their wait was off, either way, of those who came; null when there are none',
});

export const funnelHour = z
  .object({
    hour: z.iso.datetime().meta({ description: 'in which they joined; all else is what became of them' }),
    joined: count,
    waiting: count,
    left: count.meta({ description: 'gave up before their turn' }),
    lapsed: count.meta({ description: 'were not seen in time, or their line was begun anew' }),
    admitted: count.meta({ description: 'got a pass' }),
    active: count,
    noShow: count.meta({ description: 'were never seen with their pass, and it ended' }),
    unpaid: count.meta({ description: 'came, and their pass ended without a payment' }),
    paid: count,
    waitP50Seconds: waitSeconds,
    waitP90Seconds: waitSeconds,
    estimateErrorP50Seconds: errorSeconds,
    estimateErrorP90Seconds: errorSeconds,
  })
  .meta({ id: 'FunnelHour' });

export const showOperatedQueue = endpoint({
  method: 'GET',
  path: '/v1/admin/concerts/{concertId}/queue',
  tag,
  summary: 'A waiting room and its controls, as the database has them now',
  access: 'operator',
  params: ofConcert,
  responses: { 200: { description: 'The waiting room', body: operatedQueue } },
  problems: ['CONCERT_NOT_FOUND'],
});

const { mode, activationBatch, tickSeconds, maxActive, instantBelow } = queue.controls.shape;
const { shape: admissionClass } = queue.admissionClass;

export const changeQueue = endpoint({
  method: 'PATCH',
  path: '/v1/admin/concerts/{concertId}/queue',
  tag,
  summary: 'Change how a waiting room works',
  description:
    'From the next join and tick on. OPEN joins and advances, PAUSED only joins, DRAIN only advances, CLOSED neither: ' +
    'whoever waits is refused. Passes are good in every mode. Two ticks are never closer than the interval.',
  access: 'operator',
  command: 'key-optional',
  params: ofConcert,
  body: z
    .strictObject({
      mode,
      activationBatch: activationBatch.meta({ description: 'most places that a tick lets in' }),
      tickSeconds: tickSeconds.meta({ description: 'least time between two ticks' }),
      maxActive: maxActive.meta({ description: 'most passes that run at once; null for no cap' }),
      instantBelow: instantBelow.meta({
        description:
          'with fewer passes running, a join while nobody waits is ACTIVE at once, if the batch of the interval is not ' +
          'spent; null for never',
      }),
      message: storableText(1, 500)
        .nullable()
        .optional()
        .meta({ description: 'to everybody in the line; null for none' }),
      classes: z
        .array(
          z.strictObject({
            name: admissionClass.name,
            share: admissionClass.share.meta({ description: 'of every batch, in percent' }),
            code: classCode.nullable().optional().meta({
              description: 'lets somebody in, in any case; null for nobody new; absent: as it is, and null at first',
            }),
          }),
        )
        .max(queue.mostClasses)
        .refine(...queue.namesDiffer)
        .refine(...queue.sharesFit)
        .optional()
        .meta({
          description:
            'lines with a share of every batch each, for whoever has their code; what a class does not use is everybody’s. ' +
            'These are all: one that is left out is gone, but one that has given numbers since the last reset must stay',
        }),
      reason: operatorReason.shape.reason,
    })
    .refine(({ reason: _, ...changes }) => Object.keys(changes).length > 0, 'must change something beside saying why')
    .meta({ id: 'QueueControls' }),
  responses: { 200: { description: 'The waiting room as it is now', body: operatedQueue } },
  problems: ['CONCERT_NOT_FOUND'],
});

export const resetQueue = endpoint({
  method: 'POST',
  path: '/v1/admin/concerts/{concertId}/queue/reset',
  tag,
  summary: 'Begin a new generation: the line is empty, and numbers begin at 1',
  description:
    'Before the sale opens it is a pre-queue again, with another seed. ' +
    'Every queue token of the concert reads INVALID_TOKEN (RESET) from then on, passes too. Holds are kept.',
  access: 'operator',
  command: 'key-optional',
  params: ofConcert,
  body: operatorReason,
  responses: { 200: { description: 'The waiting room as it is now', body: operatedQueue } },
  problems: ['CONCERT_NOT_FOUND'],
});

export const showFunnel = endpoint({
  method: 'GET',
  path: '/v1/admin/concerts/{concertId}/queue/funnel',
  tag,
  summary: 'What became of those who joined, by the hour of joining, newest first',
  description: 'The last 96 hours in which somebody joined.',
  access: 'operator',
  params: ofConcert,
  responses: { 200: { description: 'The hours', body: z.object({ items: z.array(funnelHour) }) } },
  problems: ['CONCERT_NOT_FOUND'],
});

export const listTicks = endpoint({
  method: 'GET',
  path: '/v1/admin/concerts/{concertId}/queue/ticks',
  tag,
  summary: 'What each tick let in and why, newest first, and who was let in without one',
  description:
    'A tick has an item for each class that it moved. ' +
    'Of ticks that moved nobody for the same reason, one after the other, the first is listed.',
  access: 'operator',
  params: ofConcert,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of ticks', body: listOf(queueTick) } },
  problems: ['CONCERT_NOT_FOUND'],
});
