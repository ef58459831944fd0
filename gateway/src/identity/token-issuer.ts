import type { JWTPayload } from 'jose';

/** Who issues access tokens, and so can tell its own from others. */
export abstract class TokenIssuer {
  /**
   * The claims of a token that is genuine and not expired, else null.
   * @throws Problem OVERLOADED when the issuer's keys cannot be had.
   */
  abstract claimsOf(token: string): Promise<JWTPayload | null>;
}
