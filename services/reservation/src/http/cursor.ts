import { instant, uuid } from '#contracts';
import { z } from 'zod';
import type { ReservationPosition } from '../postgres/reservation.queries.js';

const position = z.strictObject({ createdAt: instant.transform((text) => new Date(text)), reservationId: uuid });

export function cursorOf({ createdAt, reservationId }: ReservationPosition): string {
  return Buffer.from(JSON.stringify({ createdAt, reservationId })).toString('base64url');
}

/** Base64url text as `cursorOf` writes it; anything else is an issue. */
export const cursor = z
  .string()
  .max(500)
  .transform((text, context): ReservationPosition => {
    const read = position.safeParse(fromBase64(text));
    if (read.success) return read.data;
    context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
    return z.NEVER;
  });

function fromBase64(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
