import { z } from 'zod';
import { problems } from '../problems/catalogue.js';

/** RFC 9457 problem details as the API answers them. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'urn:problem:<code in kebab case>' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(problems) as [string, ...string[]]),
    traceId: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'Switch on `code`; new codes may be added.' });
