import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Named secret keys: the first signs, all verify, so that keys can be changed without losing a token. */
export interface KeyRing {
  readonly signing: NamedKey;
  byId(kid: string): KeyObject | undefined;
  readonly all: readonly NamedKey[];
}

export interface NamedKey {
  readonly kid: string;
  readonly key: KeyObject;
}

const KEY_BYTES_MIN = 32;
const entry = /^([A-Za-z0-9_-]{1,16}):([A-Za-z0-9_-]+)$/;

/**
 * `kid:base64url,kid:base64url`.
 * @throws Error saying what is wrong, without the keys.
 */
export function parseKeyRing(text: string): KeyRing {
  const all = text.split(',').map((part): NamedKey => {
    const [, kid, encoded] = entry.exec(part.trim()) ?? [];
    if (kid === undefined || encoded === undefined) throw new Error('each key must be written as kid:base64url');
    const bytes = Buffer.from(encoded, 'base64url');
    if (bytes.length < KEY_BYTES_MIN) throw new Error(`each key must have at least ${KEY_BYTES_MIN} bytes`);
    return { kid, key: createSecretKey(bytes) };
  });
  return keyRing(all);
}

/** The same names with keys of their own, so that what is signed for one purpose is nothing for another. */
export function keysFor(purpose: string, ring: KeyRing): KeyRing {
  return keyRing(
    ring.all.map(({ kid, key }) => ({ kid, key: createSecretKey(createHmac('sha256', key).update(purpose).digest()) })),
  );
}

function keyRing(all: readonly NamedKey[]): KeyRing {
  const keys = new Map(all.map(({ kid, key }) => [kid, key]));
  if (keys.size !== all.length) throw new Error('no key name may be used twice');
  const [signing] = all;
  if (!signing) throw new Error('at least one key is needed');
  return { signing, all, byId: (kid) => keys.get(kid) };
}
