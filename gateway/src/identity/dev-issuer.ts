import { createSecretKey, type KeyObject } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { TokenIssuer } from './token-issuer.js';

const ISSUER = 'urn:concert-reservation:dev';
const AUDIENCE = 'concert-reservation';
const LIFETIME_SECONDS = 12 * 60 * 60;

/** Issues tokens to anybody for any user: for development, never for production. */
export class DevIssuer extends TokenIssuer {
  private readonly key: KeyObject;

  constructor(secret: string) {
    super();
    this.key = createSecretKey(Buffer.from(secret, 'utf8'));
  }

  /** `now` in ms since 1970. */
  async signIn(
    userId: string,
    roles: readonly string[],
    now: number,
  ): Promise<{ accessToken: string; expiresAt: string }> {
    const issuedAt = Math.floor(now / 1000);
    const expiresAt = issuedAt + LIFETIME_SECONDS;
    const accessToken = await new SignJWT({ roles: [...roles] })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setSubject(userId)
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(this.key);
    return { accessToken, expiresAt: new Date(expiresAt * 1000).toISOString() };
  }

  async claimsOf(token: string): Promise<JWTPayload | null> {
    try {
      const { payload } = await jwtVerify(token, this.key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: 'at+jwt',
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }
}
