import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment } from '../child-environment.js';
import { eventually } from '../eventually.js';
import { projectRoot } from '../project-root.js';
import { ProcessOutput } from './process-output.js';

export interface ServiceProcessOptions {
  /** `wallet-1`: what its output is shown under. */
  readonly name: string;
  /** Path under `dist/`, such as `services/wallet/src/main.js`. */
  readonly main: string;
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** One real process of the system under test, with the ways a test may hurt it. */
export class ServiceProcess {
  readonly name: string;
  readonly url: string;
  readonly output = new ProcessOutput();
  private child: ChildProcess | undefined;
  private changes: Readonly<Record<string, string>> = {};

  constructor(private readonly options: ServiceProcessOptions) {
    this.name = options.name;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.isRunning ? this.child?.pid : undefined;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it, without waiting until it is ready. */
  spawn(): void {
    const main = join(projectRoot, 'dist', this.options.main);
    if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
    const child = spawn(process.execPath, ['--enable-source-maps', main], {
      cwd: projectRoot,
      env: {
        ...childEnvironment,
        INSTANCE_ID: this.name,
        ...this.options.environment,
        ...this.changes,
        PORT: String(this.options.port),
      },
      // The channel is how it notices our death, and then ends too.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.output.follow(child.stdout);
    this.output.follow(child.stderr);
    this.child = child;
  }

  /** @throws with the end of its output when it exits or is not ready in time (ms). */
  async ready(within = 60_000): Promise<void> {
    const child = this.child;
    try {
      await eventually(
        async () => {
          if (!this.isRunning) return 'exited' as const;
          const { status } = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
          return status === 200 ? ('ready' as const) : undefined;
        },
        { within },
      ).then((end) => {
        if (end === 'exited') throw new Error(`ended with ${child?.signalCode ?? child?.exitCode}`);
      });
    } catch (error) {
      throw new Error(`${this.name} is not ready: ${String(error)}\n${this.output.text(60)}`, { cause: error });
    }
  }

  /** Hands a message to what a test has preloaded into the process. */
  send(message: object): void {
    this.child?.send(message);
  }

  /** Sends the signal. A deadly one (all but SIGSTOP and SIGCONT) is waited for until the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.child;
    if (!child || !this.isRunning) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await gone;
  }

  /** Ends it if it runs, starts it again on the same port, with changed settings if given, and waits until it is ready. */
  async restart(changes: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.kill();
    this.changes = { ...this.changes, ...changes };
    this.spawn();
    await this.ready();
  }

  /** A clean end: SIGTERM, and SIGKILL after the grace (ms). */
  async stop(grace = 10_000): Promise<void> {
    if (!this.isRunning) return;
    // One that a test has paused cannot hear SIGTERM.
    await this.kill('SIGCONT');
    const late = setTimeout(() => this.child?.kill('SIGKILL'), grace);
    await this.kill('SIGTERM');
    clearTimeout(late);
  }
}
