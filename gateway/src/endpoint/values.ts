import { z } from 'zod';

/** Ids in any spelling, of any version: one that was never given is unknown, not malformed. Compared and stored in lower case. */
export const uuid = z.guid().toLowerCase();

/** Text that every part of the system can store: no control characters (PostgreSQL refuses NUL), no broken surrogates. */
export function storableText(min: number, max: number) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'must be well-formed text without control characters');
}

const year9999 = Date.parse('9999-12-31T23:59:59.999Z');

/** RFC 3339 in UTC, from 1970 to 9999, brought to milliseconds. */
export const instant = z.iso
  .datetime()
  .refine((text) => Date.parse(text) >= 0 && Date.parse(text) <= year9999, 'must be between the years 1970 and 9999')
  .overwrite((text) => {
    const time = Date.parse(text);
    return Number.isNaN(time) ? text : new Date(time).toISOString();
  });

/** `?limit=&cursor=` of every list. Query values are strings. */
export const paging = {
  limit: z
    .string()
    .regex(/^(?:[1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
    .optional()
    .meta({ description: 'how many, 1 to 100; 20 when absent' }),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,512}$/, 'is not a cursor of ours')
    .optional()
    .meta({ description: '`nextCursor` of the page before' }),
};

/** Distinct ids, at most `max`. */
export function idList(max: number) {
  return z
    .array(uuid)
    .min(1)
    .max(max)
    .refine((ids) => new Set(ids).size === ids.length, 'must not name one twice')
    .meta({ uniqueItems: true });
}

/** A list answer. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');
