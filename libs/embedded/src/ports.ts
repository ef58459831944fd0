import { randomInt } from 'node:crypto';
import { createConnection, createServer } from 'node:net';
import { SetupProblem } from './setup-problem.js';

const loopback = '127.0.0.1';

/** Fails with one clear line when something already listens on the loopback port. `setting` names what changes it. */
export async function requireFreePort(port: number, what: string, setting: string): Promise<void> {
  if (await isFree(port)) return;
  throw new SetupProblem(
    `port ${port} for ${what} is taken: stop the program that uses it, or set ${setting} to another port`,
  );
}

/**
 * A port of the loopback address that nobody uses right now. It lies below those that the system gives to outgoing
 * connections: whoever listens there may die and find it free again, and nobody who knocks meanwhile is connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + LANES * randomInt(17_000 / LANES) + lane;
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

/** Nobody listens on a port between its being given and its server's start: whoever asks meanwhile gets another. */
const given = new Set<number>();

/** Jest's workers ask at the same time, and know nothing of each other: each has every fourth port. */
const LANES = 4;
const lane = Number(process.env['JEST_WORKER_ID'] ?? 0) % LANES;

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Sends `request` to a loopback port and tells whether anything came back within a second.
 * A listening socket alone says little: a server binds before it can serve.
 */
export function answers(port: number, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: loopback });
    const finish = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('connect', () => socket.write(request));
    socket.once('data', () => finish(true));
  });
}
