import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * The keeper: a shell that runs one foreign program and stops it when the keeper's standard input ends. We hold the
 * other end and never write to it, so it ends when we close it and also when we die, however we die (SIGKILL included).
 * A shell, because it costs one megabyte and sleeps in `read`, where a Node process would cost forty and a timer.
 * Arguments: stop signal, seconds of grace before SIGKILL, command... The program's process id goes to descriptor 3.
 * A paused program and its paused children are resumed first: they could not end.
 */
const keeperScript = `
signal=$1; grace=$2; shift 2
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
program=$!
echo "$program" >&3
exec 3>&-
(
  trap '' INT HUP TERM
  read -r _ <&4
  kill -s CONT "$program" $(cat "/proc/$program/task/$program/children")
  kill -s "$signal" "$program"
  tenths=$((grace * 10))
  while [ "$tenths" -gt 0 ] && kill -0 "$program"; do sleep 0.1; tenths=$((tenths - 1)); done
  kill -s KILL "$program"
) 2>/dev/null &
watcher=$!
exec 4<&- </dev/null
trap '' INT HUP
trap 'kill -s "$signal" "$program" 2>/dev/null' TERM
while :; do
  wait "$program"; code=$?
  kill -0 "$program" 2>/dev/null || break
done
kill -s KILL "$watcher" 2>/dev/null
exit "$code"
`;

/** How a kept program ended: its exit code (128 + n after signal n). */
export interface Exit {
  readonly code: number;
}

export interface KeptProcess {
  /** Process id of the program itself, not of its keeper. */
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** Sends the stop signal, after the grace SIGKILL, and waits for the end. Safe to call again. */
  stop(): Promise<void>;
  /** Ends it with its children at once, as a power cut would, and waits until all are gone. */
  kill(): Promise<void>;
  /** Lets it and its children stand still, connections open, until `resume`. */
  pause(): void;
  resume(): void;
}

export interface KeepOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Run as this user; only root can ask for it. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Open file descriptor that gets both outputs. */
  readonly output: number;
  readonly stopSignal?: 'TERM' | 'INT';
  /** Seconds between the stop signal and SIGKILL. */
  readonly graceSeconds?: number;
}

/**
 * Starts a program that never outlives this process. It has a process group of its own, so that a Ctrl-C in the
 * terminal reaches only the launcher, which then stops things in order.
 */
export async function keep(options: KeepOptions): Promise<KeptProcess> {
  const { command, args, user, output, stopSignal = 'TERM', graceSeconds = 5 } = options;
  const keeper = spawn('/bin/sh', ['-c', keeperScript, 'keeper', stopSignal, String(graceSeconds), command, ...args], {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['pipe', output, output, 'pipe'],
    detached: true,
    ...(user && { uid: user.uid, gid: user.gid }),
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    keeper.once('error', reject);
    keeper.once('exit', (code) => {
      // A keeper that was killed leaves its program behind: end whatever is left of the group.
      if (code === null && keeper.pid !== undefined) killGroup(keeper.pid);
      resolve({ code: code ?? 137 });
    });
  });
  exited.catch(() => {});
  keeper.stdin?.on('error', () => {});
  const pid = await programId(keeper.stdio[3] as Readable, exited);
  return {
    pid,
    exited,
    stop: async () => {
      keeper.stdin?.destroy();
      await exited;
    },
    kill: async () => {
      await killFamily(pid);
      await exited;
    },
    // The program first: from then on it has no new children.
    pause: () => {
      sendAll('SIGSTOP', [pid]);
      sendAll('SIGSTOP', childrenOf(pid));
    },
    resume: () => sendAll('SIGCONT', [...childrenOf(pid), pid]),
  };
}

async function programId(stream: Readable, exited: Promise<Exit>): Promise<number> {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await Promise.race([once(stream, 'end'), exited]);
  stream.destroy();
  return Number.parseInt(text, 10);
}

function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

/** Resolves once all are gone, and with them the memory that they shared. */
async function killFamily(pid: number): Promise<void> {
  sendAll('SIGSTOP', [pid]);
  const family = [pid, ...childrenOf(pid)];
  sendAll('SIGKILL', family);
  while (family.some(isAlive)) await pause(10);
}

/** PostgreSQL does its work in children, and a signal to the program alone would leave them going. */
function childrenOf(pid: number): number[] {
  return readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function sendAll(signal: NodeJS.Signals, pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** One that has ended and waits to be collected counts as dead. */
function isAlive(pid: number): boolean {
  const state = readIfThere(`/proc/${pid}/stat`);
  return state !== '' && !state.includes(') Z ');
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
