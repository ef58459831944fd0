/** One server, and the ways in which a test may hurt it. It keeps its address and its data through all of them. */
export abstract class Server {
  /** What it runs as, for whoever watches: `container 0123456789ab`, `process 4711`. */
  abstract readonly runsAs: string;

  /** Starts it, the first time or again, and resolves once it answers. */
  abstract start(): Promise<void>;

  /** Ends it as a power cut would: nothing is said to its clients, nothing is put in order. */
  abstract kill(): Promise<void>;

  /** It stands still: connections stay open and new ones are taken, and nothing is answered until `resume`. */
  abstract pause(): Promise<void>;

  abstract resume(): Promise<void>;

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }
}
