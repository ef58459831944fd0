import type { Rejection } from '#contracts';

/** A show on sale. Never changed after its creation, so it is read without a lock. */
export interface Concert {
  readonly id: string;
  readonly title: string;
  readonly artist: string | null;
  readonly venue: string | null;
  readonly timeZone: string;
  /** Null: on sale from the beginning. */
  readonly salesOpenAt: Date | null;
  /** Null: on sale without end. */
  readonly salesCloseAt: Date | null;
}

export const concertNotFound = (concertId: string): Rejection => ({
  code: 'CONCERT_NOT_FOUND',
  detail: `There is no concert ${concertId}.`,
});

/** A sale window that ends before it begins sells nothing: the organizer mistyped it. */
export function saleWindowIsOrdered({ salesOpenAt, salesCloseAt }: Concert): Rejection | null {
  if (!salesOpenAt || !salesCloseAt || salesOpenAt < salesCloseAt) return null;
  return { code: 'INVALID_REQUEST', detail: 'Sales must open before they close.' };
}
