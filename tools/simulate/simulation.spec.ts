import { describe, expect, it } from '@jest/globals';
import { readOptions } from './options.js';
import { patternNames } from './patterns.js';
import { commandOf } from './printed.js';
import { Simulation } from './simulation.js';

const optionsOf = (line: string) => readOptions(line.split(' '), () => 0).runs[0]!;
const run = (line: string) => new Simulation(optionsOf(line)).run();

describe('a simulated line', () => {
  it.each(patternNames)('breaks no invariant when visitors come as in the pattern "%s"', async (pattern) => {
    const report = await run(`--pattern ${pattern} --visitors 150 --batch 1 --tick-seconds 10 --seed 2`);
    expect(report.violations).toEqual([]);
    expect(report.overtakes).toBe(0);
    expect(report.letIn).toBeGreaterThan(report.options.visitors / 2);
    expect(report.looks.compared).toBeGreaterThan(10);
  });

  it('is the same for the same seed, by the command that its report prints', async () => {
    const once = await run('--pattern crashes --visitors 150 --batch 10 --seed 5');
    const again = await run(commandOf(once.options).replace('npm run simulate -- ', ''));
    expect(again).toEqual(once);
    expect(await run('--pattern crashes --visitors 150 --batch 10 --seed 6')).not.toEqual(once);
  });
});
