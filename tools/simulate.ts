import { randomInt } from 'node:crypto';
import { readOptions, UnusableOptions, usage } from './simulate/options.js';
import { printed, type Spent } from './simulate/printed.js';
import { Simulation, type SimulationReport } from './simulate/simulation.js';

/** Exit codes: an invariant was violated; nothing was simulated. */
const violated = 1;
const unusable = 2;

/** `npm run simulate`: lines of virtual visitors through the code that decides who is let in. */
async function main(): Promise<void> {
  try {
    const { runs, json } = readOptions(process.argv.slice(2), () => randomInt(2 ** 32));
    for (const options of runs) {
      const { report, spent } = await measured(() => new Simulation(options).run());
      console.log(json ? JSON.stringify({ ...report, ...spent }) : printed(report, spent));
      if (report.violations.length > 0) process.exitCode = violated;
    }
  } catch (error) {
    if (!(error instanceof UnusableOptions)) throw error;
    console.error(`${error.message}\n${usage}`);
    process.exitCode = unusable;
  }
}

async function measured(run: () => Promise<SimulationReport>): Promise<{ report: SimulationReport; spent: Spent }> {
  const [began, before] = [Date.now(), process.cpuUsage()];
  const report = await run();
  const { user, system } = process.cpuUsage(before);
  const memoryMiB = Math.round(process.resourceUsage().maxRSS / 1_024);
  const cpuSeconds = Math.round((user + system) / 1e5) / 10;
  return { report, spent: { seconds: Math.round((Date.now() - began) / 100) / 10, cpuSeconds, memoryMiB } };
}

await main();
