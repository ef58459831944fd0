import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { newId } from '#service';
import { type KeyRing, keysFor } from '../admission/key-ring.js';
import { invalidRequest } from '../problems/problem.js';
import { canonicalJson } from './canonical-json.js';

/** What makes two requests the same one. */
export interface RequestIdentity {
  readonly userId: string;
  readonly method: string;
  /** The concrete path, without a query. */
  readonly path: string;
}

/** A request's command: its identity, and the key under which it can be repeated. */
export interface KeyedCommand {
  /** UUIDv8 with first byte `ff` for a client's key, else UUIDv7. */
  readonly id: string;
  /** Repeating the request with this Idempotency-Key gives this command's decision. */
  readonly key: string;
  readonly requestHash: string;
  /** True when the client sent the key. */
  readonly repeatable: boolean;
}

/**
 * Commands of the same user, method, path and key have the same id, so that the inbox of the service that obeys them
 * decides once. A client's key gives a hash; where the client sent none, the id is a fresh UUIDv7 (it sorts by time, so
 * that inbox and tables grow at their end) and the key shown to the client is that id, sealed for this request.
 */
export class Idempotency {
  private readonly seals: KeyRing;

  constructor(keys: KeyRing) {
    this.seals = keysFor('idempotency-key', keys);
  }

  /** @throws Problem INVALID_REQUEST for a key that looks like one of ours but was given to another request. */
  identify(request: RequestIdentity, key: string | null, body: unknown): KeyedCommand {
    const requestHash = hash('sha256', canonicalJson(body));
    if (key === null) {
      const id = newId();
      const sealedKey = () => this.sealedKey(request, id);
      return {
        id,
        requestHash,
        repeatable: false,
        // Sealed only where it is shown: most commands are decided within the wait.
        get key() {
          return sealedKey();
        },
      };
    }
    const id = ownKey.test(key) ? this.openKey(request, key) : hashedId('command', identityParts(request, key));
    return { id, key, requestHash, repeatable: true };
  }

  private sealedKey(request: RequestIdentity, id: string): string {
    const { kid, key } = this.seals.signing;
    return `own.${id}.${kid}.${seal(key, request, id).toString('base64url')}`;
  }

  private openKey(request: RequestIdentity, key: string): string {
    const [, id = '', kid = '', given = ''] = ownKey.exec(key) ?? [];
    const secret = this.seals.byId(kid);
    const expected = secret && seal(secret, request, id);
    const actual = Buffer.from(given, 'base64url');
    if (expected && actual.length === expected.length && timingSafeEqual(actual, expected)) return id;
    throw invalidRequest('The Idempotency-Key was given to another request.', [
      { path: 'Idempotency-Key', message: 'belongs to another user, method or path' },
    ]);
  }
}

/**
 * An id that the gateway draws for a command, the same at every repeat: it keeps a UUIDv7's time, and stays in the range of
 * keyed ids otherwise.
 */
export function derivedId(commandId: string, purpose: string): string {
  if (commandId.startsWith('ff')) return hashedId(purpose, [commandId]);
  const bytes = digest(purpose, [commandId]);
  Buffer.from(commandId.replaceAll('-', ''), 'hex').copy(bytes, 0, 0, 6);
  return formatted(bytes, 7);
}

const ownKey = /^own\.([0-9a-f-]{36})\.([A-Za-z0-9_-]{1,16})\.([A-Za-z0-9_-]{22})$/;
const SEAL_BYTES = 16;

function seal(key: KeyRing['signing']['key'], request: RequestIdentity, id: string): Buffer {
  const hmac = createHmac('sha256', key);
  for (const part of identityParts(request, id)) hmac.update(lengthPrefixed(part));
  return hmac.digest().subarray(0, SEAL_BYTES);
}

function identityParts({ userId, method, path }: RequestIdentity, key: string): string[] {
  return [userId, method, path, key];
}

/** UUIDv8 whose first byte is `ff`: keyed ids have a range of their own in the inboxes. */
function hashedId(purpose: string, parts: readonly string[]): string {
  const bytes = digest(purpose, parts);
  bytes[0] = 0xff;
  return formatted(bytes, 8);
}

function digest(purpose: string, parts: readonly string[]): Buffer {
  return hash('sha256', [purpose, ...parts].map(lengthPrefixed).join(''), 'buffer').subarray(0, 16);
}

/** Without lengths, ("ab", "c") and ("a", "bc") would be one. */
function lengthPrefixed(part: string): string {
  return `${Buffer.byteLength(part)}:${part}`;
}

function formatted(bytes: Buffer, version: 7 | 8): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
