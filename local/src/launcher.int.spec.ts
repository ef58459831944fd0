import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '#embedded';
import { projectRoot } from '#testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

// The launcher starts the embedded servers: where the tests run on containers, jest.config.js leaves this file out.
/** What a stop may take. */
const stopMs = 45_000;
/** A first start on a busy machine. */
const startMs = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'launcher-'));
let ports: Record<string, string>;
let launcher: Launcher | undefined;
const begun: ChildProcess[] = [];

beforeAll(async () => {
  // PostgreSQL's own user must pass.
  chmodSync(folder, 0o755);
  ports = await freePorts();
});

afterAll(async () => {
  for (const one of begun) one.kill('SIGKILL');
  await until(() => leftovers().length === 0, stopMs);
  rmSync(folder, { recursive: true, force: true });
});

describe('the launcher', () => {
  it('starts everything, and brings back whatever dies', async () => {
    launcher = await start();
    expect(launcher.output()).toContain('Join the queue of the demo concert');
    for (const [name, part] of [
      ['wallet-1', 'services/wallet/src/main.js'],
      ['PostgreSQL', 'bin/postgres'],
      ['Kafka', 'kafka.Kafka'],
    ] as const) {
      process.kill(programWith(part), 'SIGKILL');
      await until(() => launcher?.output().includes(`${name} is back`), 60_000);
      expect(launcher.output()).toMatch(new RegExp(`${name} \\(process \\d+\\) died: .*; starting it again in`));
    }
    await until(async () => (await statusOf('/v1/concerts')) === 200, 60_000);
  }, 240_000);

  it('lets no second one use its data', async () => {
    const second = await runToEnd();
    expect(second).toEqual({ code: 1, errors: expect.stringMatching(/^another npm start runs on .*\n$/) });
  });

  it('leaves no process behind when it is told to stop', async () => {
    launcher?.process.kill('SIGTERM');
    await until(() => leftovers().length === 0, stopMs);
    await until(() => launcher?.process.exitCode === 0, 30_000);
    expect(launcher?.output()).toMatch(/stopped\n$/);
  });

  it('finds its data again, and leaves no process behind when it is killed', async () => {
    const concert = concertIn(launcher?.output());
    launcher = await start();
    expect(concertIn(launcher.output())).toBe(concert);
    launcher.process.kill('SIGKILL');
    await until(() => leftovers().length === 0, stopMs);
  });

  it('leaves no process behind when it is stopped while it starts', async () => {
    launcher = begin();
    await until(() => launcher?.output().includes('Kafka is ready'), 60_000);
    launcher.process.kill('SIGINT');
    await until(() => leftovers().length === 0, stopMs);
    await until(() => launcher?.process.exitCode === 0, 30_000);
  });
});

describe('the launcher refuses', () => {
  it('a busy port, and names the setting that changes it, in one line', async () => {
    const server = createServer().listen(Number(ports.LOCAL_KAFKA_PORT), '127.0.0.1');
    await once(server, 'listening');
    const { code, errors } = await runToEnd();
    server.close();
    expect(errors).toBe(
      `port ${ports.LOCAL_KAFKA_PORT} for Kafka is taken: stop the program that uses it, or set LOCAL_KAFKA_PORT to another port\n`,
    );
    expect(code).toBe(1);
  });

  it('a service’s broken setting in one line, and stops what it had started', async () => {
    const { code, errors } = await runToEnd({ HOLD_SECONDS: 'abc' });
    expect(errors).toMatch(/^\w+-1 stopped while starting .*HOLD_SECONDS.*\n$/);
    expect(errors).not.toContain('abc');
    expect(code).toBe(1);
    // Who watches over a server may sleep for a tenth of a second more.
    await until(() => leftovers().length === 0, 30_000);
  });
});

interface Launcher {
  readonly process: ChildProcess;
  output(): string;
}

function begin(settings: Record<string, string> = {}): Launcher {
  const child = spawn(process.execPath, [join(projectRoot, 'dist/local/src/main.js')], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: folder, ...ports, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
  });
  begun.push(child);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { process: child, output: () => text };
}

async function start(): Promise<Launcher> {
  const starting = begin();
  await until(() => {
    if (starting.process.exitCode !== null) throw new Error(`the launcher ended: ${starting.output()}`);
    return starting.output().includes('Ctrl-C stops everything');
  }, startMs);
  return starting;
}

async function runToEnd(settings: Record<string, string> = {}): Promise<{ code: number | null; errors: string }> {
  const { process: child } = begin(settings);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, errors };
}

async function statusOf(path: string): Promise<number> {
  return fetch(`http://127.0.0.1:${ports.PORT}${path}`, { signal: AbortSignal.timeout(5000) }).then(
    ({ status }) => status,
    () => 0,
  );
}

/** Every living process that belongs to this test's data folder, by its environment or its arguments. */
function leftovers(): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: textOf(`/proc/${name}/cmdline`) }))
    .filter(({ pid, command }) => command && `${command} ${textOf(`/proc/${pid}/environ`)}`.includes(folder));
}

function programWith(part: string): number {
  const found = leftovers().find(({ command }) => command.includes(part) && !command.startsWith('/bin/sh'));
  if (!found) throw new Error(`no process runs ${part}`);
  return found.pid;
}

async function freePorts(): Promise<Record<string, string>> {
  // Services take four in a row: below what `freePort` gives, and far below what the system gives to outgoing connections.
  const services = 10_000 + Math.floor(Math.random() * 1_200) * 4;
  const [kafka, postgres, gateway] = [await freePort(), await freePort(), await freePort()].map(String);
  return {
    LOCAL_KAFKA_PORT: kafka ?? '',
    LOCAL_POSTGRES_PORT: postgres ?? '',
    PORT: gateway ?? '',
    LOCAL_SERVICES_PORT: String(services),
  };
}

function concertIn(output = ''): string | undefined {
  return /concerts\/([0-9a-f-]{36})\/queue-token/.exec(output)?.[1];
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function until(holds: () => boolean | undefined | Promise<boolean>, withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it did not come true within ${withinMs / 1000} s`);
    await pause(50);
  }
}
