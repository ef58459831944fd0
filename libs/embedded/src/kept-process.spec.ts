import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { keep, type KeptProcess } from './kept-process.js';

/** Ends on SIGTERM with code 7. */
const obedient = ['-c', 'trap "exit 7" TERM; echo up; while :; do sleep 0.05; done'];
/** The same without a child, which a shell that waits for one could not be paused for. */
const single = [
  '-c',
  `exec ${process.execPath} -e 'process.on("SIGTERM", () => process.exit(7)); console.log("up"); setInterval(() => {}, 1000)'`,
];
/** Has a child. */
const parental = ['-c', 'sleep 60 & echo up; wait'];
/** Does not care. */
const deaf = ['-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'];

describe('a kept process', () => {
  let folder: string;
  let log: string;
  let output: number;
  const kept: KeptProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kept-'));
    log = join(folder, 'log');
    output = openSync(log, 'a');
  });

  afterEach(async () => {
    await Promise.all(kept.splice(0).map((one) => one.stop()));
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  });

  const childOf = ({ pid }: KeptProcess) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));

  async function start(args: string[], graceSeconds = 5): Promise<KeptProcess> {
    const process = await keep({ command: '/bin/sh', args, output, graceSeconds });
    kept.push(process);
    await until(() => readFileSync(log, 'utf8').includes('up'));
    return process;
  }

  it('is known by its own process id, not its keeper’s', async () => {
    const process = await start(obedient);
    expect(readFileSync(`/proc/${process.pid}/cmdline`, 'utf8')).toContain('trap "exit 7" TERM; echo up');
  });

  it('is stopped by its stop signal and tells its exit code', async () => {
    const process = await start(obedient);
    await process.stop();
    await expect(process.exited).resolves.toEqual({ code: 7 });
    expect(isAlive(process.pid)).toBe(false);
  });

  it('is killed when it ignores the stop signal past the grace', async () => {
    const process = await start(deaf, 1);
    const began = performance.now();
    await process.stop();
    expect(performance.now() - began).toBeGreaterThan(900);
    await expect(process.exited).resolves.toEqual({ code: 128 + 9 });
  });

  it('is killed with its children', async () => {
    const kept = await start(parental);
    const child = childOf(kept);
    expect(isAlive(child)).toBe(true);
    await kept.kill();
    await expect(kept.exited).resolves.toEqual({ code: 128 + 9 });
    expect([kept.pid, child].some(isAlive)).toBe(false);
    await kept.kill();
  });

  it('stands still with its children while it is paused', async () => {
    const kept = await start(parental);
    const all = [kept.pid, childOf(kept)];
    kept.pause();
    await until(() => all.every((pid) => stateOf(pid) === 'T'));
    kept.resume();
    await until(() => all.every((pid) => stateOf(pid) === 'S'));
  });

  it('is stopped also while it is paused', async () => {
    const kept = await start(single, 60);
    kept.pause();
    await until(() => stateOf(kept.pid) === 'T');
    await kept.stop();
    await expect(kept.exited).resolves.toEqual({ code: 7 });
  });

  it('tells that it died by itself', async () => {
    const process = await keep({ command: '/bin/sh', args: ['-c', 'exit 3'], output });
    await expect(process.exited).resolves.toEqual({ code: 3 });
  });

  it('tells code 127 for a program that is not there', async () => {
    const process = await keep({ command: 'no-such-program', args: [], output });
    await expect(process.exited).resolves.toEqual({ code: 127 });
  });

  it('tells that somebody killed it', async () => {
    const kept = await start(obedient);
    process.kill(kept.pid, 'SIGKILL');
    await expect(kept.exited).resolves.toEqual({ code: 128 + 9 });
  });

  it('ends with its keeper', async () => {
    const kept = await start(deaf, 60);
    process.kill(parentOf(kept.pid), 'SIGKILL');
    await kept.exited;
    await until(() => !isAlive(kept.pid));
  });

  it('ends when its parent is killed', async () => {
    const parent = startParent(log);
    try {
      const pid = await new Promise<number>((resolve, reject) => {
        parent.once('message', (message) => resolve(Number(message)));
        parent.once('exit', () => reject(new Error('the parent ended before it kept anything')));
      });
      await until(() => readFileSync(log, 'utf8').includes('up'));
      expect(isAlive(pid)).toBe(true);
      parent.kill('SIGKILL');
      await until(() => !isAlive(pid));
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

/** A Node process of its own that keeps a program, tells its process id and goes on. */
function startParent(log: string): ChildProcess {
  const module = new URL('./kept-process.ts', import.meta.url).href;
  const code = `
    import { openSync } from 'node:fs';
    import { keep } from ${JSON.stringify(module)};
    const kept = await keep({ command: '/bin/sh', args: ${JSON.stringify(obedient)}, output: openSync(${JSON.stringify(log)}, 'a') });
    process.send(kept.pid);
    setInterval(() => {}, 1000);
  `;
  return spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('it did not come true within 60 s');
    await pause(20);
  }
}

/** A process that has ended and waits to be collected counts as dead. */
function isAlive(pid: number): boolean {
  return !['', 'Z'].includes(stateOf(pid));
}

/** S sleeps, T is paused, Z waits to be collected; empty for one that is gone. */
function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? '';
  } catch {
    return '';
  }
}

function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1]);
}
