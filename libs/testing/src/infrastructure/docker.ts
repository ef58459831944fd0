import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** True when a Docker engine answers on this machine (by the `docker` client's own settings, `DOCKER_HOST` included). */
export async function dockerAnswers(): Promise<boolean> {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 });
    return true;
  } catch {
    return false;
  }
}

/**
 * The image to run: the one the environment names, else the official one, else its stand-in
 * (`deploy/stand-in-images.sh`) where only that is on this machine. An image on neither list is left to be pulled.
 */
export async function imageFor(variable: string, official: string, standIn: string): Promise<string> {
  const named = process.env[variable];
  if (named) return named;
  if (await isPresent(official)) return official;
  return (await isPresent(standIn)) ? standIn : official;
}

async function isPresent(image: string): Promise<boolean> {
  return run('docker', ['image', 'inspect', image], { timeout: 5_000 }).then(
    () => true,
    () => false,
  );
}

/** Ids of the containers that carry the label, running or not. */
export async function containersWith(label: string): Promise<{ id: string; value: string }[]> {
  const format = `{{.ID}} {{.Label "${label}"}}`;
  const { stdout } = await run('docker', [
    'ps',
    '--all',
    '--no-trunc',
    '--filter',
    `label=${label}`,
    '--format',
    format,
  ]);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => ({ id: line.split(' ')[0] ?? '', value: line.split(' ')[1] ?? '' }));
}

/** One command of the `docker` client. */
export async function docker(...words: readonly string[]): Promise<void> {
  await run('docker', words);
}

/** Removes containers with their anonymous volumes; one that is gone already is no error. */
export async function removeContainers(ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await run('docker', ['rm', '--force', '--volumes', ...ids]).catch(() => undefined);
}
