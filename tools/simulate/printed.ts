import type { Spread } from './figures.js';
import type { SimulationOptions } from './options.js';
import type { SimulationReport } from './simulation.js';

/** What a run cost; memory is the process's most so far. */
export interface Spent {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
}

/** Violations that are told one by one. */
const TOLD = 10;

/** The report of a run, as people read it. */
export function printed(report: SimulationReport, spent: Spent): string {
  const { wait, toldAfter, dropOff, looks, firstEstimate, anyEstimate } = report;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const seconds = ({ p50, p90, p99, max }: Spread) =>
    `p50 ${p50.toFixed(1)}, p90 ${p90.toFixed(1)}, p99 ${p99.toFixed(1)}, max ${max.toFixed(1)} s`;
  const lines = [
    ['', commandOf(report.options)],
    ['let in', `${report.letIn} of ${report.joined} who joined; ${report.refusedJoins} joins refused`],
    ['wait', seconds(wait)],
    ['told after the tick', seconds(toldAfter)],
    ['overtakes', `${report.overtakes}; Kendall's tau of asking and admission ${report.tau.toFixed(6)}`],
    [
      'error of estimates',
      `first p50 ${percent(firstEstimate.p50)}, p90 ${percent(firstEstimate.p90)}; any p50 ${percent(anyEstimate.p50)}, p90 ${percent(anyEstimate.p90)}`,
    ],
    [
      'drop-off',
      `${percent(dropOff.left)} left, ${percent(dropOff.lost)} lost their place, ${percent(dropOff.passUnused)} never saw their pass`,
    ],
    [
      'looked at',
      `${looks.ticks} ticks, ${looks.verdicts} verdicts, ${looks.compared} of them in two replicas, ${report.snapshots} snapshots of at most ${report.largestSnapshotBytes} bytes`,
    ],
    [
      'behind',
      `${report.calledBack} times WAITING after ACTIVE from an older snapshot, ${report.roseWithNewToken} times a higher position after another join`,
    ],
    [
      'took',
      `${spent.seconds} s, ${spent.cpuSeconds} s of CPU, ${spent.memoryMiB} MiB, for ${report.virtualSeconds} s of virtual time`,
    ],
  ];
  return [
    ...lines.map(([name, text]) => (name === '' ? text : `  ${name!.padEnd(20)}${text}`)),
    ...verdict(report),
  ].join('\n');
}

/** What has this run again. */
export function commandOf({
  visitors,
  pattern,
  batch,
  tickSeconds,
  maxActive,
  gateways,
  schedulers,
  noShows,
  seed,
}: SimulationOptions): string {
  const options = [
    `--visitors ${visitors} --pattern ${pattern} --batch ${batch} --tick-seconds ${tickSeconds}`,
    ...(maxActive === null ? [] : [`--max-active ${maxActive}`]),
    `--gateways ${gateways} --schedulers ${schedulers}`,
    ...(noShows === null ? [] : [`--no-shows ${noShows}`]),
    `--seed ${seed}`,
  ];
  return `npm run simulate -- ${options.join(' ')}`;
}

function verdict({ violations }: SimulationReport): string[] {
  if (violations.length === 0) return ['  every invariant holds'];
  const told = violations.slice(0, TOLD).map(({ invariant, at, visitor, queueNumber, what }) => {
    const who = visitor === null ? '' : `${visitor} (number ${queueNumber}) `;
    return `  ${invariant.padEnd(4)}${at}  ${who}${what}`;
  });
  return [`  ${violations.length} violations, the first:`, ...told];
}
