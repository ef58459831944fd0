import { queue } from '#contracts';
import fc from 'fast-check';
import type { z } from 'zod';
import type { QueueSettings } from '../src/config.js';
import type { Place } from '../src/domain/place.js';
import type { QueueCommand } from '../src/messages/accepted.js';
import {
  aControl,
  aDraw,
  aJoin,
  aLeave,
  aPublishing,
  aRenewal,
  aReset,
  aSpending,
  aTick,
  anArrival,
  anId,
  secondsAfter,
} from './line.builders.js';
import type { MemoryTables } from './memory-tables.js';

/** Passes of a minute, so of leases of a minute and a half; ticks of two. */
export const walkSettings: Pick<QueueSettings, 'QUEUE_TOKEN_TTL_SECONDS' | 'HOLD_SECONDS' | 'QUEUE_ACTIVATION_BATCH'> =
  {
    QUEUE_TOKEN_TTL_SECONDS: 60,
    HOLD_SECONDS: 30,
    QUEUE_ACTIVATION_BATCH: 2,
  };

export type Act =
  | { readonly do: 'join'; readonly user: number; readonly code?: number | undefined }
  /** About the user's newest place, or the one `back` before it. */
  | {
      readonly do: 'renew' | 'arrive' | 'leave' | 'spend';
      readonly user: number;
      readonly back: number;
      readonly seconds: number;
    }
  | { readonly do: 'control'; readonly controls: z.input<typeof queue.controls> }
  | { readonly do: 'reset' }
  | { readonly do: 'tick' }
  | { readonly do: 'draw' }
  | { readonly do: 'publish' };

export type Step =
  | { readonly kind: 'batch'; readonly acts: readonly Act[] }
  /** Time with a tick every five seconds, or without any. */
  | { readonly kind: 'pass'; readonly seconds: number; readonly ticking: boolean }
  | { readonly kind: 'purge' }
  /** What a tick sends for while numbers are to be drawn; by itself, since ticks of the same batch wait for its end. */
  | { readonly kind: 'draw' }
  /** The concert's seats are counted: so many are left. */
  | { readonly kind: 'count'; readonly seatsLeft: number };

/** A class that is entered with this code. */
function aClass(name: string, share: number, code: number | null) {
  return { name, share, codeHash: code === null ? null : aCodeHash(code) };
}

function aCodeHash(code: number): string {
  return queue.hashOfCode('walks', `code ${code}`);
}

const user = fc.integer({ min: 0, max: 6 });
/** Every one of the contract: one that the tables do not keep shows here. */
const controls = {
  mode: fc.constantFrom('OPEN', 'OPEN', ...queue.queueModes),
  activationBatch: fc.integer({ min: 1, max: 4 }),
  tickSeconds: fc.constantFrom(1, 4, 5, 6, 20),
  maxActive: fc.constantFrom(null, 1, 2, 5),
  instantBelow: fc.constantFrom(null, 1, 3, 9),
  message: fc.constantFrom(null, 'soon'),
  classes: fc.constantFrom<NonNullable<queue.Controls['classes']>[]>(
    [],
    [aClass('presale', 50, 1)],
    [aClass('staff', 10, 2), aClass('presale', 30, 1)],
    [aClass('presale', 0, null), aClass('staff', 100, 2)],
  ),
} satisfies Record<keyof queue.Controls, fc.Arbitrary<unknown>>;
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('join' as const), user, code: fc.constantFrom(undefined, undefined, 1, 2) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('renew' as const, 'arrive' as const, 'leave' as const, 'spend' as const),
      user,
      back: fc.constantFrom(0, 0, 0, 1, 2),
      seconds: fc.constantFrom(-5, 30, 90, 95, 500),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'tick' as const }, { do: 'publish' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('control' as const), controls: fc.record(controls, { requiredKeys: [] }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Act>({ do: 'reset' }, { do: 'control', controls: { mode: 'OPEN' } }) },
);

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('batch' as const), acts: fc.array(act, { maxLength: 9 }) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('pass' as const),
        seconds: fc.constantFrom(0.3, 1, 4.999, 5, 14, 29, 59, 60, 89, 91, 130),
        ticking: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.constantFrom<Step>({ kind: 'purge' }, { kind: 'draw' }, { kind: 'draw' }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('count' as const), seatsLeft: fc.constantFrom(0, 4, 4, 9) }),
    },
  ),
  { maxLength: 40, size: 'max' },
);

/** A line that joins wait in, or do not where they need not; with classes or without. */
export const walk: fc.Arbitrary<Step[]> = fc
  .tuple(fc.constantFrom(null, null, 3, 9), controls.classes, steps)
  .map(([instantBelow, classes, walked]) => [
    { kind: 'batch', acts: [{ do: 'control', controls: { instantBelow, classes } }] },
    ...walked,
  ]);

/** Seconds from the beginning of a walk to the sale; null: it is on. */
export const saleIn: fc.Arbitrary<number | null> = fc.constantFrom(null, null, 10, 100, 300);

let tokens = 0;

/** The command of an act, in the world as it is; none when it is about a place that the user never had. */
export function commandOf(act: Act, history: readonly Place[], now: Date): QueueCommand | null {
  if (act.do === 'tick') return aTick();
  if (act.do === 'draw') return aDraw();
  if (act.do === 'publish') return aPublishing();
  if (act.do === 'reset') return aReset();
  if (act.do === 'control') return aControl(act.controls);
  if (act.do === 'join') {
    const codeHash = act.code === undefined ? undefined : aCodeHash(act.code);
    return aJoin(`u${act.user}`, anId(0x700000 + (tokens += 1)), undefined, codeHash);
  }
  const had = history.filter(({ userId }) => userId === `u${act.user}`);
  const newest = had.at(-1 - act.back);
  if (!newest) return null;
  // A token names the registration for ever.
  const place = newest.registration === null ? newest : { ...newest, queueNumber: -newest.registration };
  if (act.do === 'leave') return aLeave(place);
  if (act.do === 'arrive') return anArrival(place, secondsAfter(now, act.seconds));
  return act.do === 'spend' ? aSpending(place) : aRenewal(place, secondsAfter(now, act.seconds));
}

/** Every place that the tables ever had, in the order of joining, as it is or as it was when it was purged. */
export class History {
  private readonly all = new Map<string, Place>();

  note({ places }: MemoryTables): Place[] {
    for (const place of places) this.all.set(place.tokenId, place);
    return [...this.all.values()].sort((one, other) => one.generation - other.generation || nthOf(one) - nthOf(other));
  }
}

/** Numbers given after a pre-queue begin behind its registrations. */
function nthOf({ registration, queueNumber }: Place): number {
  return registration ?? queueNumber;
}

/** Seconds into pieces of at most five, each to be followed by a tick when ticking. */
export function* pieces(seconds: number): Iterable<number> {
  for (let left = seconds; left > 0; left -= 5) yield Math.min(5, left);
}
