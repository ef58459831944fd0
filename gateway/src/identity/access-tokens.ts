import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Identity, identityOf } from './identity.js';
import { TokenIssuer } from './token-issuer.js';

const TOKENS_KEPT_MAX = 50_000;

/** Verifies access tokens, each once: a signature costs some 40 µs, a look into the cache under 1 µs. */
@Injectable()
export class AccessTokens {
  private readonly verified = new LRUCache<string, Identity>({ max: TOKENS_KEPT_MAX });

  constructor(private readonly issuer: TokenIssuer) {}

  /** Whether it was verified here before and is good still: what can be said without waiting for anybody. */
  isKnown(token: string): boolean {
    return (this.verified.get(token)?.expiresAt ?? 0) > Date.now();
  }

  /**
   * Null when the token is not ours to trust, or its time is over.
   * @throws Problem OVERLOADED when the issuer's keys cannot be had.
   */
  async verify(token: string): Promise<Identity | null> {
    const known = this.verified.get(token);
    if (known) {
      if (known.expiresAt > Date.now()) return known;
      this.verified.delete(token);
      return null;
    }
    const claims = await this.issuer.claimsOf(token);
    const identity = claims && identityOf(claims);
    if (!identity || identity.expiresAt <= Date.now()) return null;
    this.verified.set(token, identity);
    return identity;
  }
}
