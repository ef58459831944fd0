import { keep, lastLines, openLog } from '#embedded';
import { closeSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Runs one of the launcher's own one-shot programs (`prepare.js`, `seed.js`) to its end, in a process of its own: what
 * it imports must not stay in the launcher's memory. Returns what it wrote.
 * @throws with its last line when it fails.
 */
export async function runTool(name: string, env: NodeJS.ProcessEnv, log: string, signal: AbortSignal): Promise<string> {
  const output = openLog(log);
  const main = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const tool = await keep({
    command: process.execPath,
    args: ['--enable-source-maps', main],
    env,
    output,
    graceSeconds: 2,
  });
  closeSync(output);
  const stop = () => void tool.stop();
  signal.addEventListener('abort', stop, { once: true });
  const { code } = await tool.exited;
  signal.removeEventListener('abort', stop);
  signal.throwIfAborted();
  if (code !== 0)
    throw new Error(`${name} failed: ${lastLines(log, 1).join('') || `exit code ${code}`} (all of it in ${log})`);
  return readFileSync(log, 'utf8');
}
