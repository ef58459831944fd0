import { z } from 'zod';

/** Any UUID, in lower case as PostgreSQL writes it: ours are version 7, or version 8 where they derive from an idempotency key. */
export const uuid = z.guid().toLowerCase();

/** RFC 3339 in UTC, as `Date.prototype.toISOString` writes it. */
export const instant = z.iso.datetime();

/** The `sub` of a verified access token. */
export const userId = z.string().min(1).max(255);

/** Integer minor units; 10^15 keeps every sum of them a safe JSON integer. */
export const amount = z.int().min(0).max(1_000_000_000_000_000);

export const currency = z.string().regex(/^[A-Z]{3}$/);

/** Who acts with a role, and why: what every audited command carries. */
export const operation = z.object({ operator: userId, reason: z.string().min(1).max(500) });

/** Names a place in line: the number is unique within (concert, generation), the token id everywhere. */
export const placeReference = z.object({
  concertId: uuid,
  generation: z.int().min(1),
  /** Of who registered in a pre-queue -1, -2, …: which registration it is. `tokenId` alone names the place. */
  queueNumber: z.int(),
  tokenId: uuid,
});
export type PlaceReference = z.output<typeof placeReference>;
