import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDataFolder } from './lock.js';
import { developmentSecrets } from './secrets.js';

describe('the data folder', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'data-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('belongs to one launcher at a time', async () => {
    const lock = await lockDataFolder(folder);
    await expect(lockDataFolder(folder)).rejects.toThrow('another npm start runs on');
    await new Promise((resolve) => lock.close(resolve));
    const next = await lockDataFolder(folder);
    await new Promise((resolve) => next.close(resolve));
  });

  it('can be taken over from a launcher that was killed', async () => {
    writeFileSync(join(folder, 'launcher.sock'), '');
    const lock = await lockDataFolder(folder);
    await new Promise((resolve) => lock.close(resolve));
  });

  it('keeps secrets that only its owner reads, drawn once', () => {
    const drawn = developmentSecrets(folder, {});
    expect(Buffer.from(drawn.DEV_AUTH_KEY, 'base64url')).toHaveLength(32);
    expect(drawn.QUEUE_TOKEN_KEYS).toMatch(/^k1:[\w-]{43}$/);
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
    expect(developmentSecrets(folder, {})).toEqual(drawn);
    const other = mkdtempSync(join(tmpdir(), 'data-'));
    expect(developmentSecrets(other, {}).DEV_AUTH_KEY).not.toBe(drawn.DEV_AUTH_KEY);
    rmSync(other, { recursive: true });
  });

  it('does not write down the environment’s own secrets', () => {
    expect(developmentSecrets(folder, { DEV_AUTH_KEY: 'mine' }).DEV_AUTH_KEY).toBe('mine');
    expect(readFileSync(join(folder, 'secrets.json'), 'utf8')).not.toContain('mine');
  });
});
