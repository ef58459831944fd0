import type { queue } from '#contracts';
import fc from 'fast-check';
import type { QueueSettings } from '../src/config.js';
import type { Place } from '../src/domain/place.js';
import type { QueueCommand } from '../src/messages/accepted.js';
import { aJoin, aLeave, aPublishing, aRenewal, aSpending, aTick, anId, secondsAfter } from './line.builders.js';
import type { MemoryTables } from './memory-tables.js';

/** Passes of a minute, so of leases of a minute and a half; ticks of two. */
export const walkSettings: Pick<QueueSettings, 'QUEUE_TOKEN_TTL_SECONDS' | 'HOLD_SECONDS' | 'QUEUE_ACTIVATION_BATCH'> =
  {
    QUEUE_TOKEN_TTL_SECONDS: 60,
    HOLD_SECONDS: 30,
    QUEUE_ACTIVATION_BATCH: 2,
  };

export type Act =
  | { readonly do: 'join'; readonly user: number }
  /** About the user's newest place, or the one `back` before it. */
  | { readonly do: 'renew' | 'leave' | 'spend'; readonly user: number; readonly back: number; readonly seconds: number }
  | { readonly do: 'tick' }
  | { readonly do: 'publish' };

export type Step =
  | { readonly kind: 'batch'; readonly acts: readonly Act[] }
  /** Time with a tick every five seconds, or without any. */
  | { readonly kind: 'pass'; readonly seconds: number; readonly ticking: boolean }
  | { readonly kind: 'mode'; readonly mode: queue.QueueMode }
  | { readonly kind: 'purge' };

const user = fc.integer({ min: 0, max: 6 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('join' as const), user }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('renew' as const, 'leave' as const, 'spend' as const),
      user,
      back: fc.constantFrom(0, 0, 0, 1, 2),
      seconds: fc.constantFrom(-5, 30, 90, 95, 500),
    }),
  },
  { weight: 2, arbitrary: fc.constantFrom({ do: 'tick' as const }, { do: 'publish' as const }) },
);

export const walk: fc.Arbitrary<Step[]> = fc.array(
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
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('mode' as const),
        mode: fc.constantFrom('OPEN' as const, 'OPEN' as const, 'PAUSED' as const, 'DRAIN' as const, 'CLOSED' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('purge' as const) }) },
  ),
  { maxLength: 40, size: 'max' },
);

let tokens = 0;

/** The command of an act, in the world as it is; none when it is about a place that the user never had. */
export function commandOf(act: Act, history: readonly Place[], now: Date): QueueCommand | null {
  if (act.do === 'tick') return aTick();
  if (act.do === 'publish') return aPublishing();
  if (act.do === 'join') return aJoin(`u${act.user}`, anId(0x700000 + (tokens += 1)));
  const had = history.filter(({ userId }) => userId === `u${act.user}`);
  const place = had.at(-1 - act.back);
  if (!place) return null;
  if (act.do === 'leave') return aLeave(place);
  return act.do === 'spend' ? aSpending(place) : aRenewal(place, secondsAfter(now, act.seconds));
}

/** Every place that the tables ever had, in number order, as it is or as it was when it was purged. */
export class History {
  private readonly all = new Map<number, Place>();

  note({ places }: MemoryTables): Place[] {
    for (const place of places) this.all.set(place.queueNumber, { ...place });
    return [...this.all.values()].sort((one, other) => one.queueNumber - other.queueNumber);
  }
}

/** Seconds into pieces of at most five, each to be followed by a tick when ticking. */
export function* pieces(seconds: number): Iterable<number> {
  for (let left = seconds; left > 0; left -= 5) yield Math.min(5, left);
}
