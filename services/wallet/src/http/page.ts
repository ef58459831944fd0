import { z } from 'zod';

/** A place in a wallet's entries, opaque to clients: the seq of the last entry shown, base64url. */
export const cursor = z
  .string()
  .max(64)
  .transform((text, context) => {
    const decoded = Buffer.from(text, 'base64url').toString();
    if (/^[1-9]\d{0,17}$/.test(decoded) && encodeCursor(BigInt(decoded)) === text) return BigInt(decoded);
    context.addIssue({ code: 'custom', message: 'is not a cursor' });
    return z.NEVER;
  });

export function encodeCursor(seq: bigint): string {
  return Buffer.from(seq.toString()).toString('base64url');
}

/** How many items a page has: 1–100, default 20. */
export const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/)
  .transform(Number)
  .refine((value) => value <= 100)
  .default(20);
