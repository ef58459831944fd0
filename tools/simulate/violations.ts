import type { Crowd } from './crowd.js';
import type { VirtualClock } from './virtual-clock.js';

/** I1 to I12 of the waiting room, as docs/simulation.md has them; FAULT: the code threw, or the line never ends. */
export type Invariant = `I${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12}` | 'FAULT';

export interface Violation {
  readonly invariant: Invariant;
  /** Virtual time. */
  readonly at: string;
  /** Whose answer or place it is; null for that of a tick or a purge. */
  readonly visitor: string | null;
  readonly queueNumber: number | null;
  readonly what: string;
}

/** After so many nothing new is learned: the simulation ends. */
const MOST = 100;

/** What was found to be wrong, the first first. */
export class Violations {
  readonly found: Violation[] = [];

  constructor(
    private readonly clock: VirtualClock,
    private readonly crowd: Crowd,
  ) {}

  get enough(): boolean {
    return this.found.length >= MOST;
  }

  add(invariant: Invariant, what: string, visitor: number | null = null): void {
    if (this.enough) return;
    const whose = visitor === null ? null : this.crowd.userIds[visitor]!;
    const queueNumber = visitor === null ? null : this.crowd.queueNumber[visitor]!;
    this.found.push({ invariant, at: new Date(this.clock.now).toISOString(), visitor: whose, queueNumber, what });
  }
}

/** Seconds with one decimal, for people. */
export function secondsOf(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
