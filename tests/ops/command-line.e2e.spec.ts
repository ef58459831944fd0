import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSystem, type System } from '#testing';
import { randomUUID } from 'node:crypto';
import { expectRefusal, opsOf } from './command-line.js';

describe("the operator's command line", () => {
  let system: System;
  let ops: ReturnType<typeof opsOf>;

  beforeAll(async () => {
    system = await startSystem({ only: ['gateway'] });
    ops = opsOf(system);
  });
  afterAll(() => system.stop());

  it('explains itself, and each verb', async () => {
    const overview = await ops([]);
    expect(overview).toMatchObject({ code: 0, stderr: '' });
    const names = [...overview.stdout.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name);
    expect(names).toEqual(expect.arrayContaining(['dead-letters', 'payments', 'queue', 'audit', 'trail']));
    for (const name of names) {
      const help = await ops([name!, '--help']);
      expect(help).toMatchObject({ code: 0, stderr: '' });
      expect(help.stdout).toMatch(new RegExp(`^ops ${name} `));
    }
    for (const asked of ['--help', '-h']) expect(await ops([asked])).toEqual(overview);
  });

  it.each([
    ['a verb that there is not', ['fly'], /^no verb fly: there are dead-letters, /],
    ['an option that there is not', ['payments', '--fast'], /^Unknown option '--fast'/],
    ['a status that there is not', ['payments', '--status', 'LOST'], /^--status must be one of STUCK, /],
    ['a limit that is none', ['dead-letters', '--limit', 'all'], /^--limit must be a whole number/],
    ['a change of nothing', ['payments', 'retry'], /^usage: ops payments /],
    ['a change without a reason', ['payments', 'retry', randomUUID(), '--yes'], /^--reason is missing/],
    ['a queue of no concert', ['queue', 'show'], /^usage: ops queue /],
    ['a control that is none', ['queue', 'set', 'c', '--reason', 'r', '--yes'], /^nothing to set; /],
    ['a mode that there is not', ['queue', 'set', 'c', '--mode', 'SHUT'], /^--mode must be one of OPEN, /],
    ['an interval that is none', ['queue', 'set', 'c', '--tick', '0'], /^--tick must be a whole number/],
    ['a reset without a reason', ['queue', 'reset', 'c', '--yes'], /^--reason is missing/],
    ['a time that is none', ['trail', 'a', '--since', 'noon'], /^--since must be a number with s, m, h or d/],
  ])('refuses %s in one line', async (_, args, line) => {
    expectRefusal(await ops(args), 2, line);
  });

  it.each([
    ['a token that no header can carry', { OPS_TOKEN: 'no token' }, /^OPS_TOKEN is not valid: it is no access token$/m],
    ['no gateway', { OPS_URL: 'http://127.0.0.1:2' }, /^no gateway answers at http:\/\/127\.0\.0\.1:2: ECONNREFUSED$/m],
    ['an address that is none', { OPS_URL: 'gateway' }, /^OPS_URL is not valid/],
    ['an address of something else', { OPS_URL: 'localhost:3000' }, /^OPS_URL is not valid/],
    ['a password in the address', { OPS_URL: 'http://olga:secret@127.0.0.1:2' }, /^OPS_URL is not valid(?!.*secret)/],
    ['a user that is none', { OPS_USER: 'o\nlga' }, /^INVALID_REQUEST: The body is not valid. userId must be /],
  ])('says in one line that it cannot be done with %s', async (_, changes, line) => {
    expectRefusal(await ops(['payments'], changes), 2, line);
  });
});
