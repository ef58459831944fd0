import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface DevelopmentSecrets {
  /** Signs the access tokens of the development sign-in. */
  readonly DEV_AUTH_KEY: string;
  /** Sign queue tokens: `kid:base64url of 32 bytes`, comma separated, the first one signs. */
  readonly QUEUE_TOKEN_KEYS: string;
}

/** Draws this machine's keys on the first start and keeps them, so that tokens survive a restart. The environment's own win. */
export function developmentSecrets(dataDir: string, environment: NodeJS.ProcessEnv): DevelopmentSecrets {
  const path = join(dataDir, 'secrets.json');
  if (!existsSync(path)) {
    const drawn: DevelopmentSecrets = { DEV_AUTH_KEY: drawKey(), QUEUE_TOKEN_KEYS: `k1:${drawKey()}` };
    writeFileSync(`${path}.new`, `${JSON.stringify(drawn, null, 2)}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  const kept = JSON.parse(readFileSync(path, 'utf8')) as DevelopmentSecrets;
  return {
    DEV_AUTH_KEY: environment.DEV_AUTH_KEY || kept.DEV_AUTH_KEY,
    QUEUE_TOKEN_KEYS: environment.QUEUE_TOKEN_KEYS || kept.QUEUE_TOKEN_KEYS,
  };
}

function drawKey(): string {
  return randomBytes(32).toString('base64url');
}
