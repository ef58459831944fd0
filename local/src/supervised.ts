import { SetupProblem } from '#embedded';

/** Something that runs and can end. */
export interface Running {
  readonly pid: number;
  /** Settles with how it ended ("exit code 1", "SIGKILL") when it does, whoever ended it. */
  readonly exited: Promise<string>;
  stop(): Promise<void>;
}

/** Starts one process and resolves once it is ready. Must end what it started when it fails or the signal aborts. */
export type Start = (signal: AbortSignal) => Promise<Running>;

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** One that ran this long starts again with the shortest pause. */
const steadyMs = 60_000;

/** Keeps one process running: reports when it dies and starts it again, with a pause that doubles from 0.5 to 30 s. */
export class Supervised {
  private readonly stopping = new AbortController();
  private running: Running | undefined;
  private pauseMs = firstPauseMs;
  private watching: Promise<void> = Promise.resolve();
  private endPause: () => void = () => {};

  constructor(
    readonly name: string,
    private readonly startProcess: Start,
    private readonly report: (line: string) => void,
  ) {}

  /**
   * Starts it for the first time, in `tries` at most: a broker that has just come up may not take a consumer yet.
   * @throws when it does not become ready, or at once when there is a SetupProblem: then nobody restarts it.
   */
  async start(tries = 1): Promise<void> {
    this.watching = this.beginWithin(tries).then((running) => {
      this.watching = this.watch(running);
    });
    await this.watching;
  }

  /** Ends it for good; also while it starts or waits for its next try. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.endPause();
    await this.running?.stop();
    await this.watching.catch(() => {});
  }

  private async beginWithin(tries: number): Promise<Running> {
    try {
      return await this.begin();
    } catch (error) {
      if (tries <= 1 || error instanceof SetupProblem || this.stopping.signal.aborted) throw error;
      this.report(`${error instanceof Error ? error.message : String(error)}; starting it again`);
      return this.beginWithin(tries - 1);
    }
  }

  private async begin(): Promise<Running> {
    this.running = await this.startProcess(this.stopping.signal);
    return this.running;
  }

  private async watch(first: Running): Promise<void> {
    let running = first;
    while (!this.stopping.signal.aborted) {
      const since = performance.now();
      const end = await running.exited;
      if (this.stopping.signal.aborted) return;
      if (performance.now() - since > steadyMs) this.pauseMs = firstPauseMs;
      this.report(`${this.name} (process ${running.pid}) died: ${end}; starting it again in ${this.pauseMs / 1000} s`);
      const again = await this.restart();
      if (!again) return;
      this.report(`${this.name} is back (process ${again.pid})`);
      running = again;
    }
  }

  private async restart(): Promise<Running | undefined> {
    while (true) {
      await this.pause();
      if (this.stopping.signal.aborted) return undefined;
      try {
        return await this.begin();
      } catch (error) {
        if (this.stopping.signal.aborted) return undefined;
        this.report(`${error instanceof Error ? error.message : String(error)}; next try in ${this.pauseMs / 1000} s`);
      }
    }
  }

  /** Waits for the present pause or the stop, whichever comes first, and doubles the next pause. */
  private async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.pauseMs);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.pauseMs = Math.min(this.pauseMs * 2, longestPauseMs);
  }
}
