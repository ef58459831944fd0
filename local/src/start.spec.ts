import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const startScript = fileURLToPath(new URL('../../start.mjs', import.meta.url));

/** Stands for npm: counts its runs and leaves what `npm ci` leaves. */
const npm = `
  import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
  appendFileSync('npm-runs', process.argv[2] + '\\n');
  mkdirSync('node_modules/@swc/cli/bin', { recursive: true });
  writeFileSync('node_modules/.package-lock.json', '{}');
  writeFileSync('node_modules/@swc/cli/bin/swc.js', "require('fs').appendFileSync('builds', 'built\\\\n')");
`;

/** Stands for the launcher: says what it hears and ends as the real one does. */
const launcher = `
  const { appendFileSync } = require('node:fs');
  const say = (word) => appendFileSync('heard', word + '\\n');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { say(signal); process.exit(0); });
  process.on('disconnect', () => { say('disconnect'); process.exit(1); });
  setInterval(() => {}, 1000);
  appendFileSync('launcher', process.pid + ' ' + process.argv.slice(2).join(' '));
`;

describe('start.mjs', () => {
  let project: string;
  let running: ChildProcess | undefined;

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'start-'));
    cpSync(startScript, join(project, 'start.mjs'));
    write('package.json', '{ "dependencies": { "a": "1.0.0" } }');
    write('package-lock.json', '{}');
    write('.swcrc', '{}');
    write('patches/a.patch', '');
    write('npm.mjs', npm);
    write('local/src/main.ts', '');
    write('dist/local/src/main.js', launcher);
  });

  afterEach(() => {
    running?.kill('SIGKILL');
    if (existsSync(join(project, 'launcher'))) killed(launcherId());
    rmSync(project, { recursive: true, force: true });
  });

  it('installs and builds before the first start only', async () => {
    await startAndStop();
    await startAndStop();
    expect(read('npm-runs')).toBe('ci\n');
    expect(read('builds')).toBe('built\n');
  });

  it('installs again when the lock file, a dependency or a patch changed', async () => {
    await startAndStop();
    const changes = {
      'package-lock.json': '{ "a": 2 }',
      'package.json': '{ "dependencies": {} }',
      'patches/b.patch': 'b',
    };
    for (const [path, text] of Object.entries(changes)) {
      const before = read('npm-runs');
      write(path, text);
      await startAndStop();
      expect(read('npm-runs')).toBe(`${before}ci\n`);
    }
  });

  it('does not install again when only a script of package.json changed', async () => {
    await startAndStop();
    write('package.json', '{ "dependencies": { "a": "1.0.0" }, "scripts": { "x": "y" } }');
    await startAndStop();
    expect(read('npm-runs')).toBe('ci\n');
  });

  it('builds again when a source changed, appeared or went', async () => {
    await startAndStop();
    appendFileSync(join(project, 'local/src/main.ts'), 'x');
    await startAndStop();
    write('gateway/src/main.ts', '');
    await startAndStop();
    rmSync(join(project, 'gateway/src/main.ts'));
    await startAndStop();
    expect(read('builds')).toBe('built\n'.repeat(4));
  });

  it('ends with one line when npm ci fails', async () => {
    write('npm.mjs', 'process.exit(3)');
    const { code, errors } = await run();
    expect(code).toBe(1);
    expect(errors).toBe('npm ci failed; what it said is above\n');
    expect(existsSync(join(project, 'launcher'))).toBe(false);
  });

  it('hands its arguments on', async () => {
    await start(['--replicas', 'queue=2']);
    expect(read('launcher')).toMatch(/^\d+ --replicas queue=2$/);
  });

  describe.each([
    ['that becomes the launcher', []],
    ['on a Node that cannot', ['--import', 'data:text/javascript,delete process.execve']],
  ])('%s', (_, flags) => {
    it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
      'passes %s on and ends with the launcher’s code',
      async (signal) => {
        const child = await start([], flags);
        const ended = endOf(child);
        child.kill(signal);
        expect(await ended).toBe(0);
        expect(read('heard')).toBe(`${signal}\n`);
      },
    );

    it('leaves no launcher when it is killed', async () => {
      const child = await start([], flags);
      child.kill('SIGKILL');
      await until(() => !isAlive(launcherId()));
    });
  });

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }

  function read(path: string): string {
    return existsSync(join(project, path)) ? readFileSync(join(project, path), 'utf8') : '';
  }

  function launcherId(): number {
    return Number.parseInt(read('launcher'), 10);
  }

  function spawnStart(args: string[], flags: string[] = []): ChildProcess {
    const env = { PATH: process.env.PATH, npm_execpath: join(project, 'npm.mjs') };
    running = spawn(process.execPath, [...flags, join(project, 'start.mjs'), ...args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return running;
  }

  async function start(args: string[], flags: string[] = []): Promise<ChildProcess> {
    rmSync(join(project, 'launcher'), { force: true });
    const child = spawnStart(args, flags);
    await until(() => read('launcher') !== '');
    return child;
  }

  async function startAndStop(): Promise<void> {
    const child = await start([]);
    const ended = endOf(child);
    child.kill('SIGTERM');
    await ended;
  }

  async function run(): Promise<{ code: number | null; errors: string }> {
    const child = spawnStart([]);
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    return { code: await endOf(child), errors };
  }
});

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve));
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
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
