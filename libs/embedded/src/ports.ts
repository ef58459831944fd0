import { createConnection, createServer } from 'node:net';
import { SetupProblem } from './setup-problem.js';

const loopback = '127.0.0.1';

/** Fails with one clear line when something already listens on the loopback port. `setting` names what changes it. */
export async function requireFreePort(port: number, what: string, setting: string): Promise<void> {
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: loopback, exclusive: true }, () => server.close(() => resolve(true)));
  });
  if (!free) {
    throw new SetupProblem(
      `port ${port} for ${what} is taken: stop the program that uses it, or set ${setting} to another port`,
    );
  }
}

/** A port of the loopback address that nobody uses right now. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: loopback }, () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
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
