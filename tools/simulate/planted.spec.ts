import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Invariant } from './violations.js';

type Functions = Record<string, (...args: any[]) => any>;

/** Bugs in place of functions of the domain, by name; a function without one is the real one. */
const planted: Functions = {};

// Before who uses it is loaded.
await seam('../../services/queue/src/domain/pace.js', 'batchLeft');
const tick = await seam('../../services/queue/src/domain/tick.js', 'tick', 'wantedAtMost');
const join = await seam('../../services/queue/src/domain/join.js', 'join');
const purge = await seam('../../services/queue/src/domain/purge.js', 'pageOf');
const verdict = await seam('../../gateway/src/admission/verdict.js', 'judge');
await seam('../../services/queue/src/domain/waiting-room.js', 'advances', 'deadLineOf', 'isTickDue');
const { Simulation } = await import('./simulation.js');
const { readOptions } = await import('./options.js');

/** Whoever imports these functions from now on gets what is planted. @returns the real module */
async function seam(path: string, ...names: readonly string[]): Promise<any> {
  const real = await import(path);
  const open = names.map((name) => [name, (...args: unknown[]) => (planted[name] ?? real[name])(...args)]);
  jest.unstable_mockModule(path, () => ({ ...real, ...Object.fromEntries(open) }));
  return real;
}

interface Bug {
  readonly invariant: Invariant;
  readonly bug: string;
  /** By default a burst of 300 visitors in a line of two and a half minutes. */
  readonly of?: string;
  readonly instead: Functions;
}

/** Long enough for leases to end and for purges to find something. */
const longLine = (pattern: string) => `--pattern ${pattern} --batch 3 --tick-seconds 15`;
const passEnd = (room: any, queueNumber: number) => room.activatedAt(queueNumber) + room.passMs;

const bugs: readonly Bug[] = [
  {
    invariant: 'I1',
    bug: 'a tick admits one more than the batch',
    instead: {
      wantedAtMost: (room) => tick.wantedAtMost(room) + 1,
      tick: (line, of) => {
        line.room.activationBatch += 1;
        tick.tick(line, of);
        line.room.activationBatch -= 1;
      },
    },
  },
  {
    invariant: 'I1',
    // Either alone is made good by the other.
    bug: 'a tick that comes twice admits twice, whatever was let in before',
    of: '--pattern crashes --batch 10 --tick-seconds 5',
    instead: {
      batchLeft: (line) => line.room.activationBatch,
      isTickDue: () => true,
      tick: (line, of) => {
        line.room.nextTickAt = line.now;
        tick.tick(line, of);
      },
    },
  },
  {
    invariant: 'I2',
    bug: 'the verdict on a passed-over number is ACTIVE',
    of: longLine('silent'),
    instead: {
      judge: (token, room, now, judging) => {
        const judged = verdict.judge(token, room, now, judging);
        const passedOver =
          judged.reason === 'LAPSED' && room.lineOf(token.queueNumber).names('passedOver', token.queueNumber);
        return passedOver ? { status: 'ACTIVE', activeUntil: passEnd(room, token.queueNumber) } : judged;
      },
    },
  },
  {
    invariant: 'I2',
    bug: 'a tick forgets the lowest number',
    instead: {
      tick: (line, of) => {
        line.room.servingNumber += 1;
        tick.tick(line, of);
      },
    },
  },
  {
    invariant: 'I3',
    bug: 'nobody is ever dead',
    of: longLine('no-shows'),
    instead: { deadLineOf: () => new Date(0) },
  },
  {
    invariant: 'I3',
    bug: 'a token ends a minute after its place was drawn, however often it is renewed',
    instead: {
      judge: (token, room, now, judging) => {
        const judged = verdict.judge(token, room, now, judging);
        const old = judged.status === 'WAITING' && now > token.issuedAt + 60_000;
        return old ? { status: 'EXPIRED', reason: 'LAPSED' } : judged;
      },
    },
  },
  {
    invariant: 'I4',
    bug: 'whoever joins gets a lease that is shorter than a token',
    instead: { join: (line, asking, of) => join.join(line, asking, { ...of, tokenTtlMs: 200_000 }) },
  },
  {
    invariant: 'I5',
    bug: 'the position rises',
    instead: {
      judge: (token, room, now, judging) => {
        const judged = verdict.judge(token, room, now, judging);
        return judged.status === 'WAITING' ? { ...judged, position: (token.shownPosition ?? 0) + 1 } : judged;
      },
    },
  },
  {
    invariant: 'I6',
    bug: 'a replica rounds positions in its own way',
    instead: {
      judge: (token, room, now, judging) => {
        const judged = verdict.judge(token, room, now, judging);
        const odd = judged.status === 'WAITING' && Math.random() < 0.5 && judged.position > 10;
        return odd ? { ...judged, position: judged.position - 1 } : judged;
      },
    },
  },
  {
    invariant: 'I7',
    bug: 'a pass lasts a minute longer',
    instead: {
      judge: (token, room, now, judging) => {
        const judged = verdict.judge(token, room, now, judging);
        return judged.status === 'ACTIVE' ? { ...judged, activeUntil: judged.activeUntil + 60_000 } : judged;
      },
    },
  },
  {
    invariant: 'I8',
    bug: 'a spent token is still good',
    instead: {
      judge: (token, room, now, judging) => {
        const judged = verdict.judge(token, room, now, judging);
        return judged.reason === 'SPENT' ? { status: 'ACTIVE', activeUntil: passEnd(room, token.queueNumber) } : judged;
      },
    },
  },
  {
    invariant: 'I9',
    bug: 'a purge takes one place too many',
    of: longLine('leavers'),
    instead: {
      pageOf: (found) => {
        const { doomed, more } = purge.pageOf(found);
        const last = doomed.at(-1);
        return { doomed: last ? [...doomed, { ...last, queueNumber: last.queueNumber + 1 }] : doomed, more };
      },
    },
  },
  {
    invariant: 'I10',
    bug: 'whoever joins again loses the place for a new one',
    instead: {
      join: (line, asking, of) => {
        const had = line.placeOf(asking.userId);
        if (had) line.finish(had, 'EXPIRED');
        return join.join(line, asking, of);
      },
    },
  },
  {
    invariant: 'I11',
    bug: 'a number is drawn twice',
    instead: {
      join: (line, asking, of) => {
        if (line.created.length === 3) line.room.lastNumber -= 1;
        return join.join(line, asking, of);
      },
    },
  },
  {
    invariant: 'I12',
    bug: 'a paused line moves',
    of: '--pattern modes --batch 10 --tick-seconds 5',
    instead: {
      advances: () => true,
      tick: (line, of) => {
        const { mode } = line.room;
        line.room.mode = 'OPEN';
        tick.tick(line, of);
        line.room.mode = mode;
      },
    },
  },
];

describe('a bug of the domain', () => {
  beforeEach(() => {
    for (const name of Object.keys(planted)) delete planted[name];
  });
  const violationsOf = async (of = '--pattern burst --batch 10 --tick-seconds 5') => {
    const [options] = readOptions(`${of} --visitors 300 --seed 1`.split(' '), () => 0).runs;
    return (await new Simulation(options!).run()).violations;
  };

  it.each(bugs)('is found as $invariant: $bug', async ({ invariant, of, instead }) => {
    Object.assign(planted, instead);
    const [first] = await violationsOf(of);
    expect(first?.invariant).toBe(invariant);
  });

  it('is not found where there is none', async () => {
    expect(await violationsOf()).toEqual([]);
  });
});
