import type { Exit } from './kept-process.js';

export interface ServerOptions {
  /** Folder of the server's files; made when missing, reused when present. */
  readonly dataDir: string;
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Path of the file that its output is appended to. */
  readonly log: string;
  /** Gives up starting; a server that already runs is not touched. */
  readonly signal?: AbortSignal;
}

/** A running server. It dies with the process that started it. */
export interface Server {
  /** Process id of the server itself, for those who want to kill it. */
  readonly pid: number;
  /** Settles when the server has ended, whoever ended it. */
  readonly exited: Promise<Exit>;
  /** Stops it cleanly (after a grace of some seconds by SIGKILL) and waits for the end. */
  stop(): Promise<void>;
}
