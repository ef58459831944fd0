import { createHash, timingSafeEqual } from 'node:crypto';

const entry = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9._~+/-]{32,512}=*)$/;

/** The secrets by which services outside know themselves to the gateway, each under the name of who has it. */
export class ServiceKeys {
  private constructor(private readonly keys: readonly { readonly name: string; readonly digest: Buffer }[]) {}

  /**
   * `name:secret,name:secret`; none when empty. A name may have several while one is replaced by another.
   * @throws Error saying what is wrong, without the secrets.
   */
  static parse(text: string): ServiceKeys {
    const parts = text === '' ? [] : text.split(',');
    return new ServiceKeys(
      parts.map((part) => {
        const [, name, secret] = entry.exec(part.trim()) ?? [];
        if (name === undefined || secret === undefined) {
          throw new Error(
            'each must be written as name:secret, the secret of 32 characters or more that fit a bearer token',
          );
        }
        return { name, digest: digestOf(secret) };
      }),
    );
  }

  get areThere(): boolean {
    return this.keys.length > 0;
  }

  /** Who has this secret; null when nobody. Takes as long whichever it is: every key is compared, and whole digests. */
  ownerOf(secret: string): string | null {
    const digest = digestOf(secret);
    return this.keys.reduce<string | null>(
      (owner, key) => (timingSafeEqual(key.digest, digest) ? key.name : owner),
      null,
    );
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
