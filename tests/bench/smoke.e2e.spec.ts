import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { projectRoot } from '#testing';

/** So small that nothing is measured: they only show that each measurement still finds what it measures. */
const small = {
  ...{
    users: 48,
    connections: 8,
    rate: 100,
    seconds: 0.1,
    rounds: 1,
    crowd: 60,
    seats: 40,
    sold: 2_000,
    messages: 600,
    joins: 2_000,
  },
  ...{ idle: 1, waiting: 2_000, ticks: 2, rooms: 4, leavers: 3 },
};

/** It takes three minutes; one that hangs is told apart by the figures before it. */
const WITHIN_MS = 840_000;

const run = async (names: readonly string[]) => {
  const options = Object.entries(small).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const bench = join(projectRoot, 'bench/run.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [bench, ...names, '--json', ...options], {
    env: { ...process.env, NODE_OPTIONS: '' },
    timeout: WITHIN_MS,
  }).catch((error: Error & { stdout: string; stderr: string }) => {
    throw new Error(`${error.message.slice(0, 200)}\nfigures so far:\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
};

it(
  'every measurement has a figure, and finds the rows as they must be',
  async () => {
    const listed = await run([]);
    // A million takes its minutes, however few of them come.
    const names = [...listed.matchAll(/^(\S+) +\S/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== 'queue.million');
    expect(names.length).toBeGreaterThanOrEqual(18);
    const lines = (await run(names)).trim().split('\n');
    const figures = lines.map((line) => JSON.parse(line) as { name: string; figure: number; violations?: number });
    for (const { name, figure, violations = 0 } of figures) {
      expect({ name, isFigure: Number.isFinite(figure), violations }).toEqual({ name, isFigure: true, violations: 0 });
    }
    for (const name of names) expect(figures.some((one) => one.name.startsWith(name.split('.')[0]!))).toBe(true);
  },
  WITHIN_MS + 60_000,
);
