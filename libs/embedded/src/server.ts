import type { KeptProcess } from './kept-process.js';

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

/** A running server. It dies with the process that started it; to start it again is to start one with the same options. */
export type Server = KeptProcess;
