import { instant, uuid } from '#contracts';
import { z } from 'zod';
import type { ConcertPosition } from '../postgres/catalogue.queries.js';

const position = z.tuple([instant, uuid]);

/** `?limit=&cursor=` of a list; the cursor names the last item of the page before. */
export const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(20),
  cursor: z
    .string()
    .max(200)
    .transform((cursor, context): ConcertPosition => {
      const parsed = position.safeParse(jsonOf(cursor));
      if (parsed.success) return { createdAt: new Date(parsed.data[0]), id: parsed.data[1] };
      context.addIssue({ code: 'custom', message: 'is no cursor of this list' });
      return z.NEVER;
    })
    .optional(),
});

export type PageQuery = z.output<typeof pageQuery>;

export function cursorOf({ createdAt, id }: ConcertPosition): string {
  return Buffer.from(JSON.stringify([createdAt.toISOString(), id])).toString('base64url');
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
