import { createHash } from 'node:crypto';

export const endings = [
  'pay',
  'pay-twice-with-one-key',
  'pay-with-two-keys',
  'pay-and-cancel',
  'pay-and-top-up',
  'cancel',
  'let-expire',
] as const;
export type Ending = (typeof endings)[number];

export const commands = ['top-up', 'hold', 'pay', 'cancel'] as const;

/** What a fan means to do in one round, whatever comes of it. */
export interface Plan {
  /** Index into the concert's schedules. */
  readonly schedule: number;
  /** Seats to hold, 1–3. */
  readonly seats: number;
  /** Where in the list of seats to begin: small numbers meet other fans. */
  readonly from: number;
  /** 'any': of all seats, most likely somebody's; 'free': of those listed as free. */
  readonly among: 'free' | 'any';
  /** Minor units as a multiple of one seat's price; 0 for no top-up. A poor fan's are too small for most. */
  readonly topUp: number;
  readonly ending: Ending;
  /** The command whose first answer is not waited for, and after how many ms the connection is cut. */
  readonly cut: { readonly command: (typeof commands)[number]; readonly afterMs: number } | null;
  /** After 402: top up and try again under a new key. */
  readonly persists: boolean;
  /** Fraction of the usual think time, 0.5–1.5. */
  readonly think: number;
}

/** Every this many-th fan cannot afford much. */
const POOR = 6;
/** Out of 100 rounds. */
const shares: Readonly<Record<Ending, number>> = {
  pay: 30,
  'pay-twice-with-one-key': 12,
  'pay-with-two-keys': 12,
  'pay-and-cancel': 16,
  'pay-and-top-up': 10,
  cancel: 10,
  'let-expire': 10,
};

/** The plan of one round: the same for the same seed, fan and round, in every run. */
export function planOf(seed: number, fan: number, round: number, schedules: number): Plan {
  const draw = drawsOf(`${seed}/${fan}/${round}`);
  const poor = fan % POOR === POOR - 1;
  return {
    schedule: draw(schedules),
    seats: 1 + draw(3),
    from: draw(2) === 0 ? draw(4) : draw(1_000),
    among: draw(5) === 0 ? 'any' : 'free',
    topUp: poor ? draw(2) * 0.5 : draw(4),
    ending: endingAt(draw(100)),
    cut: draw(4) === 0 ? { command: commands[draw(commands.length)]!, afterMs: 3 + draw(80) } : null,
    persists: draw(2) === 0,
    think: 0.5 + draw(1_000) / 1_000,
  };
}

function endingAt(percent: number): Ending {
  let passed = 0;
  for (const ending of endings) {
    passed += shares[ending];
    if (percent < passed) return ending;
  }
  return 'pay';
}

/** Whole numbers from 0, below the one asked for; the sequence depends on the name alone. */
function drawsOf(name: string): (below: number) => number {
  let count = 0;
  return (below) => createHash('sha256').update(`${name}/${count++}`).digest().readUInt32BE() % below;
}
