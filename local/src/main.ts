import { mkdirSync } from 'node:fs';
import { lockDataFolder } from './lock.js';
import { complain, say } from './progress.js';
import { readLocalSettings } from './settings.js';
import { LocalSystem } from './system.js';

/** Everything must be gone this long after the first signal. */
const stopWithinMs = 14_500;

let system: LocalSystem | undefined;
let stopping: Promise<never> | undefined;

/** Stops the system and ends with `code`; a second reason to stop changes nothing. */
function stop(reason: string, code: number): Promise<never> {
  stopping ??= (async () => {
    const talks = system?.hasParts;
    if (talks) say(`stopping: ${reason}`);
    // Whatever is left then ends with us: services lose their channel, keepers their input.
    setTimeout(() => process.exit(code || 1), stopWithinMs).unref();
    await system?.stop();
    if (talks) say('stopped');
    return process.exit(code);
  })();
  return stopping;
}

/** Ctrl-C, a stop from outside, a closed terminal, and the death of what started us. */
function watchSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal, 0));
  process.on('disconnect', () => void stop('start.mjs is gone', 1));
  // Nobody reads the console any more; that alone is no reason to stop.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  if (process.channel || process.env.npm_lifecycle_event !== 'start') return;
  // npm cannot tell us that it was killed, but we get another parent.
  const npm = process.ppid;
  setInterval(() => process.ppid !== npm && void stop('npm is gone', 1), 500).unref();
}

watchSignals();
try {
  const settings = readLocalSettings(process.env, process.argv.slice(2));
  mkdirSync(settings.dataDir, { recursive: true });
  await lockDataFolder(settings.dataDir);
  system = new LocalSystem(settings, process.env);
  await system.start();
} catch (error) {
  if (!stopping) {
    complain(error instanceof Error ? error.message : String(error));
    await stop('the start failed', 1);
  }
}
