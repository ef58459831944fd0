import type { queue } from '#contracts';

/** What is wrong with the system just now, and what operators have set. */
export interface Circumstances {
  readonly mode: queue.QueueMode;
  /** Times the batch of the options. */
  readonly batchTimes: number;
  /** The cap on running passes, in batches; null: that of the options. */
  readonly capInBatches: number | null;
  /** Away: no process runs timers. Late: commands come up to three ticks late. Doubled: every command comes as two. */
  readonly schedulers: 'working' | 'away' | 'late' | 'doubled';
  readonly service: 'working' | 'away';
  readonly broker: 'working' | 'away';
  /** The last replica gets no snapshots. */
  readonly lastReplica: 'reading' | 'stalled';
}

export const ordinary: Circumstances = {
  mode: 'OPEN',
  batchTimes: 1,
  capInBatches: null,
  schedulers: 'working',
  service: 'working',
  broker: 'working',
  lastReplica: 'reading',
};

export interface Happening extends Partial<Circumstances> {
  /** When it begins, as a share of the time that the whole line takes by full ticks. */
  readonly from: number;
  readonly seconds: number;
}

/** How visitors come, what they are like, and what happens meanwhile. Shares are of all who come, 0 to 1. */
export interface Pattern {
  readonly summary: string;
  readonly arrivals: 'at the opening' | 'steadily';
  /** Join and never ask again. */
  readonly noShows: number;
  /** Once do not ask for one to twenty minutes. */
  readonly silent: number;
  /** Give their place up at some time. */
  readonly leavers: number;
  /** Of those with a pass: pay, some of them late. The others only look. */
  readonly payers: number;
  readonly happenings: readonly Happening[];
}

const someOfEach = { noShows: 0.05, silent: 0.1, leavers: 0.05, payers: 0.6 } as const;

export const patterns = {
  burst: {
    summary: 'nearly everybody comes in the first ten seconds',
    ...someOfEach,
    arrivals: 'at the opening',
    happenings: [],
  },
  steady: {
    summary: 'one after the other (Poisson), as fast as the line moves',
    ...someOfEach,
    arrivals: 'steadily',
    happenings: [],
  },
  'no-shows': {
    summary: 'half of those who join never ask again',
    ...someOfEach,
    arrivals: 'at the opening',
    noShows: 0.5,
    happenings: [],
  },
  silent: {
    summary: 'most are silent once, for one to twenty minutes',
    ...someOfEach,
    arrivals: 'at the opening',
    silent: 0.8,
    happenings: [],
  },
  leavers: {
    summary: 'half give their place up, waiting or with a pass',
    ...someOfEach,
    arrivals: 'steadily',
    leavers: 0.5,
    happenings: [],
  },
  payers: {
    summary: 'all pay, some after their pass, and try the spent token again',
    arrivals: 'steadily',
    noShows: 0,
    silent: 0,
    leavers: 0,
    payers: 1,
    happenings: [],
  },
  crashes: {
    summary: 'schedulers, service, broker and a replica are away in turn; ticks come late and twice',
    ...someOfEach,
    silent: 0.4,
    arrivals: 'at the opening',
    happenings: [
      { from: 0.05, seconds: 300, schedulers: 'doubled' },
      { from: 0.1, seconds: 60, lastReplica: 'stalled' },
      { from: 0.2, seconds: 14, schedulers: 'away' },
      { from: 0.3, seconds: 40, schedulers: 'away' },
      { from: 0.4, seconds: 300, schedulers: 'late' },
      { from: 0.6, seconds: 45, service: 'away' },
      { from: 0.7, seconds: 240, broker: 'away' },
      { from: 0.8, seconds: 900, service: 'away' },
    ],
  },
  modes: {
    summary: 'paused for 20 minutes, open again, and drained',
    ...someOfEach,
    arrivals: 'steadily',
    happenings: [
      { from: 0.3, seconds: 1_200, mode: 'PAUSED' },
      { from: 0.7, seconds: 1_200, mode: 'DRAIN' },
    ],
  },
  changes: {
    summary: 'the batch is doubled and made a fifth, and the running passes are capped',
    ...someOfEach,
    arrivals: 'at the opening',
    happenings: [
      { from: 0.1, seconds: 120, batchTimes: 2 },
      { from: 0.3, seconds: 120, batchTimes: 0.2 },
      { from: 0.5, seconds: 900, capInBatches: 60 },
    ],
  },
} as const satisfies Record<string, Pattern>;

export type PatternName = keyof typeof patterns;
export const patternNames = Object.keys(patterns) as readonly PatternName[];

/** What holds `seconds` after the opening of a line that full ticks would let in within `lineSeconds`. */
export function circumstancesAt({ happenings }: Pattern, seconds: number, lineSeconds: number): Circumstances {
  const now = { ...ordinary };
  for (const { from, seconds: length, ...changed } of happenings) {
    const begins = from * lineSeconds;
    if (seconds >= begins && seconds < begins + length) Object.assign(now, changed);
  }
  return now;
}
