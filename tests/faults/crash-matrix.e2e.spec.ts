import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { moments } from '#messaging';
import { projectRoot, promptSettings, startServers, startSystem } from '#testing';
import { fight, type Ground, type RoundReport } from './matrix/round.js';
import {
  circumstances,
  DEADLINE_SECONDS,
  formatRound,
  parseRound,
  type Round,
  slice,
  wholeMatrix,
} from './matrix/rounds.js';
import { print, repeatsIn, say, tell } from './matrix/tell.js';
import { Supervisor } from './supervisor.js';

/**
 *   npm test                          the slice
 *   npm run test:faults               the whole matrix; FAULT_SEED=<n> draws other occurrences, FAULT_FROM=<n> begins there,
 *                                     FAULT_ONLY=<RegExp> takes the rounds whose text matches
 *   FAULT_ROUND='seed=…'              one round, as a run has printed it: of npm run test:journeys -- --testPathPatterns crash-matrix
 */
const { FAULT_MATRIX, FAULT_ROUND, FAULT_SEED = '20261125', FAULT_FROM = '0', FAULT_ONLY = '' } = process.env;
const rounds: readonly Round[] = FAULT_ROUND
  ? [parseRound(FAULT_ROUND)]
  : FAULT_MATRIX === 'whole'
    ? wholeMatrix(Number(FAULT_SEED))
        .slice(Number(FAULT_FROM))
        .filter((round) => RegExp(FAULT_ONLY).test(formatRound(round)))
    : slice;

const preload = pathToFileURL(join(projectRoot, 'tests/faults/matrix/fault.preload.ts')).href;

describe('a system under load, with processes that die, stall or fail at', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-'));
  const reports: RoundReport[] = [];
  let ground: Ground;
  let supervisor: Supervisor;

  beforeAll(async () => {
    const servers = await startServers();
    const two = { queue: 2, concert: 2, reservation: 2, wallet: 2, gateway: 2 };
    const settings = {
      ...promptSettings,
      NODE_OPTIONS: `--import=${preload}`,
      FAULT_FOLDER: folder,
      HOLD_SECONDS: 4,
      RESERVATION_SWEEP_MS: 1_000,
      PAYMENT_DEADLINE_SECONDS: DEADLINE_SECONDS,
    };
    const system = await startSystem({ on: servers, replicas: two, settings });
    supervisor = new Supervisor(Object.values(system.processes).flat());
    ground = { system, servers, folder };
  }, 180_000);

  afterAll(async () => {
    if (reports.length > 0) await tell(ground.system, reports, supervisor.restarts);
    supervisor?.stop();
    await ground?.system.stop();
    await ground?.servers.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it.each(rounds.map((round) => [formatRound(round), round] as const))(
    '%s lose nothing and do nothing twice',
    async (_, round) => {
      const report = await fight(ground, round).catch((error: unknown) => {
        print(`failed: ${formatRound(round)}: ${String(error)}`);
        throw error;
      });
      reports.push(report);
      say(report);
      expect(report.fired).toHaveLength(round.injuries.length);
      expect(report.violations).toEqual([]);
    },
    240_000,
  );

  it('recognize the messages that came twice', async () => {
    const copies = reports.reduce((sum, report) => sum + report.copies, 0);
    if (copies > 0) expect(await repeatsIn(ground.system)).toBeGreaterThan(0);
  });
});

describe('the slice of the matrix', () => {
  const injuries = slice.flatMap((round) => round.injuries);

  it('has every fault point', () => {
    expect(new Set(injuries.map(({ moment }) => moment))).toEqual(new Set(moments));
    const states = (of: readonly Round[]) => new Set(of.flatMap((round) => round.injuries).map(({ state }) => state));
    expect(states(slice)).toEqual(states(wholeMatrix(1)));
  });

  it('has every circumstance, and every way to be hurt', () => {
    expect(new Set(slice.map(({ circumstance }) => circumstance))).toEqual(new Set(circumstances));
    expect(new Set(injuries.map(({ how }) => how))).toEqual(new Set(['kill', 'pause', 'throw', 'abort']));
  });
});
