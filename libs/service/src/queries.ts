import type { RejectionCode } from '#contracts';
import { BadRequestException, NotFoundException, StandardSchemaValidationPipe } from '@nestjs/common';
import { z } from 'zod';

/** Checks what a route says about its parameters; a bad one answers 400 INVALID_REQUEST with what is wrong. */
export const parameters = new StandardSchemaValidationPipe({
  exceptionFactory: (issues) =>
    new BadRequestException({
      code: 'INVALID_REQUEST',
      errors: issues.map(({ path = [], message }) => ({
        path: path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'),
        message,
      })),
    }),
});

/**
 * What was found.
 * @throws NotFoundException with `code`: unknown, or another user's
 */
export function found<Thing>(thing: Thing | null | undefined, code: RejectionCode): Thing {
  if (thing === null || thing === undefined) throw new NotFoundException({ code });
  return thing;
}

/** How many items a page has: 1 to 100, default 20. */
export const limit = z
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number')
  .transform(Number)
  .pipe(z.int().min(1).max(100))
  .default(20);

/** Where a page goes on, opaque to clients: the position of the last item shown, as `pageOf` writes it. */
export function cursorTo<Position>(position: z.ZodType<Position>) {
  return z
    .string()
    .max(500)
    .transform((cursor, context): Position => {
      const values = valuesIn(cursor);
      const parsed = position.safeParse(values);
      if (parsed.success && cursorOf(values) === cursor) return parsed.data;
      context.addIssue({ code: 'custom', message: 'is no cursor of this list' });
      return z.NEVER;
    });
}

/** A page of `rows`, which are one more than `limit` when there is a next one. `positionOf` gives JSON values. */
export function pageOf<Row>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => unknown,
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: last !== undefined && rows.length > limit ? cursorOf(positionOf(last)) : null };
}

/** The cursor of a list that goes on after the item at this position. */
export function cursorOf(values: unknown): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

function valuesIn(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown;
  } catch {
    return undefined;
  }
}
