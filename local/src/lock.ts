import { SetupProblem } from '#embedded';
import { existsSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';

/**
 * One launcher per data folder. The lock is a listening socket in it: unlike a file with a process id, it cannot outlive
 * its owner, however that dies. `local/reset.mjs` asks the same socket. The path is relative, since a socket's may have 107 bytes.
 */
export async function lockDataFolder(dataDir: string): Promise<Server> {
  const path = join(relative('.', dataDir), 'launcher.sock');
  if (Buffer.byteLength(path) > 100) throw new SetupProblem(`DATA_DIR is too long a path: ${dataDir}`);
  if (await answers(path)) {
    throw new SetupProblem(`another npm start runs on ${dataDir}: stop it first, or set DATA_DIR and other ports`);
  }
  if (existsSync(path)) rmSync(path);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.unref();
  return server;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
