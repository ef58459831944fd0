import { BadRequestException, NotFoundException } from '@nestjs/common';
import type { RejectionCode } from '#contracts';
import type { z } from 'zod';

/**
 * What the gateway asks for, checked.
 * @throws BadRequestException INVALID_REQUEST
 */
export function parsed<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new BadRequestException({
    code: 'INVALID_REQUEST',
    errors: result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  });
}

/**
 * What was found.
 * @throws NotFoundException with `code`: unknown, or another user's
 */
export function found<Thing>(thing: Thing | null, code: RejectionCode | 'PAYMENT_NOT_FOUND'): Thing {
  if (thing === null) throw new NotFoundException({ code });
  return thing;
}
