import type { z } from 'zod';
import { type FieldError, invalidRequest, Problem } from '../problems/problem.js';
import { idempotencyKey } from './values.js';

/** More would only make the answer large. */
const ERRORS_SHOWN_MAX = 50;

/** @throws Problem INVALID_REQUEST listing each fault. A part that is not declared must be empty; an absent one counts as empty. */
export function validated(schema: z.ZodObject | undefined, part: 'path' | 'query' | 'body', given: unknown): object {
  if (!schema) {
    if (isEmpty(given)) return {};
    throw invalidRequest(`This request takes no ${part}.`, [{ path: part, message: `no ${part} is taken here` }]);
  }
  const parsed = schema.safeParse(given === undefined ? {} : given);
  if (parsed.success) return parsed.data;
  throw invalidRequest(`The ${part} is not valid.`, fieldErrors(parsed.error).slice(0, ERRORS_SHOWN_MAX));
}

function isEmpty(given: unknown): boolean {
  if (given === undefined || given === null) return true;
  return typeof given === 'object' && !Array.isArray(given) && Object.keys(given).length === 0;
}

function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    const path = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...path, shortened(key)].join('.'), message: 'is not known here' }));
    }
    return [{ path: path.join('.'), message: issue.message }];
  });
}

/** A member's name comes from the client: it is shown, but not at any length. */
function shortened(key: string): string {
  return key.length > 100 ? `${key.slice(0, 100)}…` : key;
}

/** @throws Problem IDEMPOTENCY_KEY_REQUIRED, INVALID_REQUEST */
export function validatedKey(header: string | string[] | undefined, required: boolean): string | null {
  if (header === undefined) {
    if (required)
      throw new Problem('IDEMPOTENCY_KEY_REQUIRED', 'Send an Idempotency-Key header: it makes repeats safe.');
    return null;
  }
  const parsed = idempotencyKey.safeParse(header);
  if (parsed.success) return parsed.data;
  const message = 'must be 1 to 255 visible ASCII characters';
  throw invalidRequest('The Idempotency-Key is not valid.', [{ path: 'Idempotency-Key', message }]);
}
