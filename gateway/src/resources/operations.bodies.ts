import { z } from 'zod';
import { storableText } from '../endpoint/values.js';
import { services } from '../upstreams/upstreams.js';

/** What operators are shown of any service. */
const id = z.uuid();
const instant = z.iso.datetime();
const service = z.enum(services).meta({ description: 'whose it is' });

/** What operators say with whatever they do. */
export const operatorReason = z.strictObject({ reason: storableText(1, 500) }).meta({ id: 'OperatorReason' });

export const deadLetter = z
  .object({
    deadLetterId: id,
    service,
    consumer: z
      .string()
      .meta({ description: 'who could not handle it; `outbox:` and a topic where it could not be sent' }),
    topic: z.string(),
    partition: z.int(),
    offset: z.int(),
    key: z.string().nullable(),
    messageId: id.nullable(),
    type: z.string().nullable(),
    subject: z.string().nullable().meta({ description: 'what waits behind it; null when nothing does' }),
    attempts: z.int(),
    reason: z.enum(['malformed', 'too old', 'fault', 'killer', 'behind', 'refused']),
    error: z.string().meta({ description: 'in a list its beginning' }),
    parkedAt: instant,
    replayedAt: instant.nullable(),
  })
  .meta({ id: 'DeadLetter' });
export type DeadLetter = z.output<typeof deadLetter>;

export const wholeDeadLetter = deadLetter
  .extend({
    headers: z.record(z.string(), z.string()),
    payload: z
      .object({ encoding: z.enum(['JSON', 'BASE64']), text: z.string() })
      .nullable()
      .meta({ description: 'as it was sent where that is JSON in UTF-8, else its bytes' }),
  })
  .meta({ id: 'WholeDeadLetter' });

export const replay = z
  .object({
    deadLetterId: id,
    status: z
      .enum(['REPLAYED', 'PARKED'])
      .meta({ description: 'PARKED: it, or one before it, still cannot be handled' }),
    replayed: z.int().meta({ description: 'how many were handled now: it, and those of its subject' }),
    remaining: z.int().meta({ description: 'how many of its subject still lie there' }),
    error: z.string().optional().meta({ description: 'why the first of those still cannot be handled' }),
  })
  .meta({ id: 'Replay' });

export const operatorAct = z
  .object({
    actId: id,
    service,
    at: instant,
    messageId: id,
    operator: z.string().meta({ description: 'the user id of who did it' }),
    action: z.string().meta({ description: "the command's type" }),
    subject: z.string(),
    reason: z.string(),
    outcome: z
      .string()
      .meta({ description: '`answered`, `parked`, what was changed or came of it, or the code of the refusal' }),
  })
  .meta({ id: 'OperatorAct' });
export type OperatorAct = z.output<typeof operatorAct>;
