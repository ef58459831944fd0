import { parseArgs } from 'node:util';
import { type PatternName, patternNames, patterns } from './patterns.js';

export interface SimulationOptions {
  readonly visitors: number;
  readonly pattern: PatternName;
  /** Most places a tick makes active. */
  readonly batch: number;
  readonly tickSeconds: number;
  /** Most passes that run at once; null: no limit. */
  readonly maxActive: number | null;
  readonly gateways: number;
  readonly schedulers: number;
  /** Share of the visitors who join and never ask again, 0 to 1; null: the pattern's. */
  readonly noShows: number | null;
  readonly seed: number;
}

export class UnusableOptions extends Error {}

export const usage = `usage: npm run simulate -- [options]
  --visitors <n>      default 20000
  --pattern <name>    one of those below, or all; default burst
  --batch <n>         most places a tick makes active; default 1000
  --tick-seconds <s>  default 5
  --max-active <n>    most passes at once; default no limit
  --gateways <n>      replicas, each with its own clock and snapshots as old as they are there; default 3
  --schedulers <n>    processes that run the timers; default 2
  --no-shows <share>  of the visitors, 0 to 1; default as the pattern says
  --seed <n>          the same seed and options have the same run; default drawn, and printed
  --json              one line of JSON for each run
${patternNames.map((name) => `    ${name.padEnd(10)}${patterns[name].summary}`).join('\n')}`;

const names = {
  visitors: { type: 'string', default: '20000' },
  pattern: { type: 'string', default: 'burst' },
  batch: { type: 'string', default: '1000' },
  'tick-seconds': { type: 'string', default: '5' },
  'max-active': { type: 'string' },
  gateways: { type: 'string', default: '3' },
  schedulers: { type: 'string', default: '2' },
  'no-shows': { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/**
 * The runs that the command line asks for. `drawSeed` is used where it names none.
 * @throws UnusableOptions naming what is wrong
 */
export function readOptions(
  args: readonly string[],
  drawSeed: () => number,
): { readonly runs: readonly SimulationOptions[]; readonly json: boolean } {
  const values = parse(args);
  const options = {
    visitors: whole('visitors', values.visitors, 1, 2_000_000),
    batch: whole('batch', values.batch, 1, 100_000),
    tickSeconds: whole('tick-seconds', values['tick-seconds'], 1, 3_600),
    maxActive: values['max-active'] === undefined ? null : whole('max-active', values['max-active'], 1, 10_000_000),
    gateways: whole('gateways', values.gateways, 1, 64),
    schedulers: whole('schedulers', values.schedulers, 1, 64),
    noShows: values['no-shows'] === undefined ? null : share('no-shows', values['no-shows']),
    seed: values.seed === undefined ? drawSeed() : whole('seed', values.seed, 0, 2 ** 32 - 1),
  };
  return { runs: patternsOf(values.pattern).map((pattern) => ({ ...options, pattern })), json: values.json };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: names }).values;
  } catch (error) {
    throw new UnusableOptions(error instanceof Error ? error.message : String(error));
  }
}

function patternsOf(name: string): readonly PatternName[] {
  if (name === 'all') return patternNames;
  const pattern = patternNames.find((known) => known === name);
  if (!pattern) throw new UnusableOptions(`--pattern must be all, or one of ${patternNames.join(', ')}`);
  return [pattern];
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) {
    throw new UnusableOptions(`--${name} must be a whole number from ${least} to ${most}`);
  }
  return value;
}

function share(name: string, text: string): number {
  const value = /^\d?(\.\d{1,6})?$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > 1 || text === '') throw new UnusableOptions(`--${name} must be a share from 0 to 1`);
  return value;
}
