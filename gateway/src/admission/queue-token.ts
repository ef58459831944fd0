import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { KeyRing } from './key-ring.js';

/** What a queue token says of its place. What the place may do is never in it. Times in ms since 1970. */
export interface TokenFacts {
  readonly concertId: string;
  readonly generation: number;
  /** Of who registered in a pre-queue minus the registration, before the draw and after it. */
  readonly queueNumber: number;
  readonly tokenId: string;
  readonly userId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The place lives at least this long whatever crashes: no token of it ends later. */
  readonly leaseUntil: number;
  /** The position it was last shown with, so that no replica shows a higher one; null before the first. */
  readonly shownPosition: number | null;
  /** When the turn would come, as it was told first; null before. */
  readonly estimatedAt: number | null;
}

const positive = z.int().min(1);
const time = z.int().min(0);

/** The payload is an array: one order, one spelling, few bytes. */
const payloadSchema = z.tuple([
  z.uuid(),
  positive,
  z.int(),
  z.uuid(),
  z.string().min(1).max(255),
  time,
  time,
  time,
  positive.nullable(),
  // Absent in tokens from before it was kept.
  time.nullable().optional(),
]);

const VERIFIED_KEPT_MAX = 50_000;
const TOKEN_LENGTH_MAX = 2_048;
const form = /^v1\.([A-Za-z0-9_-]{1,16})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** Signs and verifies `v1.<kid>.<payload>.<HMAC-SHA256>`; the MAC covers everything before it. */
export class QueueTokens {
  private readonly verified = new LRUCache<string, TokenFacts>({ max: VERIFIED_KEPT_MAX });

  constructor(private readonly keys: KeyRing) {}

  sign(facts: TokenFacts): string {
    const { concertId, generation, queueNumber, tokenId, userId } = facts;
    const { issuedAt, expiresAt, leaseUntil, shownPosition, estimatedAt } = facts;
    const place = [concertId, generation, queueNumber, tokenId, userId];
    const values = [...place, issuedAt, expiresAt, leaseUntil, shownPosition, estimatedAt];
    const payload = Buffer.from(JSON.stringify(values)).toString('base64url');
    const { kid, key } = this.keys.signing;
    const signed = `v1.${kid}.${payload}`;
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
  }

  /**
   * Null when it was not signed by one of our keys, or is not written in the one way we write it. What is cheap to see comes
   * first, and only good tokens are kept: forged ones cost little and push none of them out.
   */
  verify(token: string): TokenFacts | null {
    if (token.length > TOKEN_LENGTH_MAX) return null;
    const [, kid = '', payload = '', signature = ''] = form.exec(token) ?? [];
    const key = this.keys.byId(kid);
    if (!key) return null;
    const known = this.verified.get(token);
    if (known) return known;
    const expected = createHmac('sha256', key).update(`v1.${kid}.${payload}`).digest('base64url');
    // As text: 43 characters carry two bits more than 32 bytes, and no other spelling of the same MAC is taken.
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) return null;
    const facts = factsOf(payload);
    if (facts) this.verified.set(token, facts);
    return facts;
  }
}

function factsOf(payload: string): TokenFacts | null {
  const bytes = Buffer.from(payload, 'base64url');
  if (bytes.toString('base64url') !== payload) return null;
  const parsed = payloadSchema.safeParse(parseJson(bytes.toString('utf8')));
  if (!parsed.success) return null;
  const [concertId, generation, queueNumber, tokenId, userId, ...times] = parsed.data;
  const [issuedAt, expiresAt, leaseUntil, shownPosition, estimatedAt = null] = times;
  const place = { concertId, generation, queueNumber, tokenId, userId };
  return { ...place, issuedAt, expiresAt, leaseUntil, shownPosition, estimatedAt };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
