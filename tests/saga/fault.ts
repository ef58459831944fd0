import type { End, Step } from './steps.js';
import type { Trial } from './trial.js';

/** One thing that goes wrong at a step. After it everything arrives, and the timers look until the saga is over. */
export interface Fault {
  readonly title: string;
  readonly happen: (trial: Trial) => Promise<void>;
  readonly ends: (step: Step) => End;
  /** What the audit rightly finds after it; nothing, when absent. */
  readonly leaves?: (step: Step) => readonly string[];
  /** Steps that can meet it; all, when absent. */
  readonly meets?: (step: Step) => boolean;
}

export const answered = (step: Step) => step.answered;
export const stuck = () => 'stuck' as const;
export const isUndone = (step: Step) => step.undoneIn !== null;
