import { setTimeout as pause } from 'node:timers/promises';
import type { KeptProcess } from './kept-process.js';
import { lastLines } from './server-log.js';

export interface ReadyOptions {
  readonly name: string;
  readonly log: string;
  readonly timeoutMs: number;
  /** True once the server really serves. */
  readonly check: () => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until the server's check holds. When it exits first, is too slow or the signal aborts, it is stopped and the
 * error carries the end of its log.
 */
export async function untilReady(server: KeptProcess, options: ReadyOptions): Promise<void> {
  const { name, log, timeoutMs, check, signal } = options;
  let exited = false;
  void server.exited.finally(() => (exited = true));
  const deadline = performance.now() + timeoutMs;
  while (!exited && performance.now() < deadline && !signal?.aborted) {
    if (await check()) return;
    await pause(50);
  }
  const late = !exited;
  await server.stop();
  signal?.throwIfAborted();
  const reason = late ? `was not ready within ${timeoutMs / 1000} s` : `exited with code ${(await server.exited).code}`;
  throw new Error(`${name} ${reason}; its log ${log} ends: ${lastLines(log, 3).join(' | ')}`);
}
