import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Most classes of a line, beside that of everybody. */
export const mostClasses = 8;

/**
 * Numbers that a class may give in a generation. Those of class 0, which everybody is in, are 1, 2, …; those of class 1 follow
 * from `classSpan` + 1 on, and so forth: a number alone says the class, and no two places of a line share one.
 */
export const classSpan = 2 ** 27;

/** Which class a queue number is of; registrations of a pre-queue (negative) are everybody's. */
export function classOf(queueNumber: number): number {
  return queueNumber > 0 ? Math.floor((queueNumber - 1) / classSpan) : 0;
}

/** The number before the first of a class. */
export function numberBefore(index: number): number {
  return index * classSpan;
}

/** A queue number as its class counts: 1, 2, …. */
export function numberInClass(queueNumber: number): number {
  return queueNumber - numberBefore(classOf(queueNumber));
}

/** The class of whoever has no code. */
export const everybody = 'general';

export const className = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a lower-case word of at most 32 letters, digits and hyphens')
  .refine((name) => name !== everybody, `must not be ${everybody}, which is everybody's`);

/** SHA-256 in hexadecimal. */
export const codeHash = z.string().regex(/^[0-9a-f]{64}$/);

/** Of a code, as it is kept: people type codes in any case, with spaces around. Other concerts' hashes are others. */
export function hashOfCode(concertId: string, code: string): string {
  return createHash('sha256')
    .update(`${concertId}\n${code.normalize('NFKC').trim().toUpperCase()}`)
    .digest('hex');
}
