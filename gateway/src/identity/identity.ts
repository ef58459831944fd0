/** Who asks, by a verified access token. */
export interface Identity {
  /** The token's `sub`, 1 to 255 characters. */
  readonly userId: string;
  readonly roles: readonly string[];
  /** End of the access token, ms since 1970. */
  readonly expiresAt: number;
}

const BEARER_LENGTH_MAX = 8_192;
const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** The token of an Authorization header, or null when there is none of that form. */
export function bearerOf(header: string | undefined): string | null {
  if (header === undefined || header.length > BEARER_LENGTH_MAX) return null;
  return bearer.exec(header)?.[1] ?? null;
}

/** An identity from verified claims; null when `sub` is none that the system can store. */
export function identityOf(claims: { sub?: unknown; exp?: unknown; roles?: unknown }): Identity | null {
  const { sub, exp, roles } = claims;
  if (typeof sub !== 'string' || typeof exp !== 'number' || !isUserId(sub)) return null;
  const named = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
  return { userId: sub, roles: named, expiresAt: exp * 1000 };
}

function isUserId(sub: string): boolean {
  return sub.length >= 1 && sub.length <= 255 && !/[\p{Cc}\p{Cs}]/u.test(sub);
}
