import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { overloaded } from '../problems/problem.js';
import { TokenIssuer } from './token-issuer.js';

/** Asymmetric ones only: a public key must never serve as a shared secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const DISCOVERY_TIMEOUT_MS = 2_000;
/** Clocks of issuer and gateway may differ by as much, seconds. */
const CLOCK_TOLERANCE_SECONDS = 5;

/** An OpenID Connect provider: its keys are found through its discovery document and kept by jose. */
export class OidcIssuer extends TokenIssuer {
  private keys: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    private readonly issuer: string,
    private readonly audience: string,
  ) {
    super();
  }

  async claimsOf(token: string): Promise<JWTPayload | null> {
    const keys = await this.publicKeys();
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: this.issuer,
        audience: this.audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw unreachable();
      return null;
    }
  }

  private publicKeys(): Promise<JWTVerifyGetKey> {
    this.keys ??= this.discover().catch((error: unknown) => {
      this.keys = undefined;
      throw error;
    });
    return this.keys;
  }

  private async discover(): Promise<JWTVerifyGetKey> {
    const address = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
      const { jwks_uri: location, issuer } = (await response.json()) as { jwks_uri?: string; issuer?: string };
      if (!response.ok || !location || issuer !== this.issuer) throw unreachable();
      return createRemoteJWKSet(new URL(location), { timeoutDuration: DISCOVERY_TIMEOUT_MS });
    } catch {
      throw unreachable();
    }
  }
}

function unreachable() {
  return overloaded('The issuer of access tokens does not answer.', 2);
}
