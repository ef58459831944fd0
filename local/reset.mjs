/**
 * `npm run reset`: drops the local data (database, Kafka's log, secrets, logs), not the cached jars.
 * Refuses while the system runs on it.
 */
import { existsSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join, relative, resolve } from 'node:path';

const dataDir = resolve(process.env.DATA_DIR || '.data');

if (await isRunning()) {
  console.error(`the system runs on ${dataDir}: stop it first (Ctrl-C where npm start runs)`);
  process.exit(1);
}
const dropped = ['postgres', 'kafka', 'secrets.json', 'logs', 'unclean', 'launcher.sock'].filter((name) => {
  const path = join(dataDir, name);
  const exists = existsSync(path);
  rmSync(path, { recursive: true, force: true });
  return exists;
});
const folder = relative('.', dataDir) || dataDir;
console.log(dropped.length > 0 ? `dropped ${dropped.join(', ')} in ${folder}` : `nothing to drop in ${folder}`);

/** The launcher listens on a socket in its data folder for as long as it lives (`local/src/lock.ts`). */
function isRunning() {
  return new Promise((done) => {
    const socket = createConnection(join(relative('.', dataDir), 'launcher.sock'));
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
