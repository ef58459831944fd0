import type { ServiceProcess } from '#testing';

/** Starts its processes again whenever one has died, as `npm start` and every orchestrator do. */
export class Supervisor {
  /** How often a process was started again. */
  restarts = 0;
  private readonly watch: NodeJS.Timeout;

  constructor(processes: readonly ServiceProcess[]) {
    this.watch = setInterval(() => {
      for (const one of processes.filter(({ isRunning }) => !isRunning)) {
        this.restarts += 1;
        one.spawn();
      }
    }, 50);
  }

  stop(): void {
    clearInterval(this.watch);
  }
}
