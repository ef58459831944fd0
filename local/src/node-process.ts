import { lastLines, openLog, SetupProblem } from '#embedded';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Running } from './supervised.js';

export interface NodeProcess {
  readonly name: string;
  /** Path of its main file. */
  readonly main: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  readonly log: string;
  /** From SIGTERM to SIGKILL, in milliseconds. */
  readonly stopWithinMs: number;
}

/** How one of our processes ends that does not accept its settings (EX_CONFIG of sysexits.h). */
const brokenSettings = 'exit code 78';

/**
 * Starts one of our own processes on the Node that runs us and resolves once `GET /health/ready` answers 200.
 * It has a process group of its own (a Ctrl-C in the terminal is the launcher's to handle) and a channel, by which it notices our death and ends.
 * @throws when it exits first, with the last line it wrote; a SetupProblem when that was a setting it does not accept.
 */
export async function startNodeProcess(options: NodeProcess, signal: AbortSignal): Promise<Running> {
  const running = spawnNode(options);
  let end: string | undefined;
  void running.exited.then((how) => (end = how));
  while (end === undefined && !signal.aborted) {
    if (await isReady(options.port)) return running;
    await pause(100);
  }
  if (end === undefined) await running.stop();
  signal.throwIfAborted();
  const said = lastLines(options.log, 1).join('');
  const message = `${options.name} stopped while starting (${end}): ${said || `see ${options.log}`}`;
  throw end === brokenSettings ? new SetupProblem(message) : new Error(message);
}

function spawnNode({ main, env, log, stopWithinMs }: NodeProcess): Running {
  const output = openLog(log);
  const child = spawn(process.execPath, ['--enable-source-maps', main], {
    env,
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
  });
  closeSync(output);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, killedBy) => resolve(killedBy ?? `exit code ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    exited,
    stop: async () => {
      const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(late);
    },
  };
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path: '/health/ready', agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(false));
  });
}
