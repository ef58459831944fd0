import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { topics } from '#contracts';
import { partitionOf } from '#messaging';
import {
  aFan,
  type AFan,
  type Answer,
  eventually,
  expectProblem,
  projectRoot,
  rowsOf,
  type ServiceProcess,
  startSystem,
  type System,
} from '#testing';

const DEADLY = 'deadly';
const preload = pathToFileURL(join(projectRoot, 'tests/faults/die-on-wallet.ts')).href;

describe('a message that kills its process', () => {
  let system: System;
  let walletProcess: ServiceProcess;
  let deadly: AFan;
  /** Others whose messages lie in the same partition. */
  let neighbours: AFan[];
  let supervisor: Supervisor | undefined;

  beforeAll(async () => {
    system = await startSystem({ only: ['wallet', 'gateway'] });
    [walletProcess] = system.processes.wallet as [ServiceProcess];
    await walletProcess.restart({ NODE_OPTIONS: `--import=${preload}`, DIE_ON_USER: DEADLY });
    deadly = await aFan(system, DEADLY);
    neighbours = await Promise.all([1, 2, 3].map(() => aFan(system, aNeighbour())));
  });
  afterAll(async () => {
    supervisor?.stop();
    await system.stop();
  });

  it('is parked after it killed it twice on its own, its asker is told, and its partition goes on', async () => {
    supervisor = new Supervisor(walletProcess);
    const before = neighbours.map((fan) => topUpUntilDecided(fan));
    const killed = topUpUntilDecided(deadly);
    const after = neighbours.map((fan) => topUpUntilDecided(fan));

    expectProblem(await killed, 'INTERNAL');
    for (const answer of await Promise.all([...before, ...after])) expect(answer.status).toBe(201);
    const deaths = supervisor.stop();
    // In a batch once, or twice when that was not the first since the start; and then twice alone.
    expect(deaths).toBeGreaterThanOrEqual(3);
    expect(deaths).toBeLessThanOrEqual(4);

    const letters = await rowsOf(
      system.adminDatabaseUrl,
      `select reason, type, key, replayed_at from wallet.dead_letter`,
    );
    expect(letters).toEqual([{ reason: 'killer', type: 'wallet.TopUp.v1', key: DEADLY, replayed_at: null }]);
    const balances = await rowsOf<{ balance: string }>(system.adminDatabaseUrl, 'select balance from wallet.wallet');
    expect(balances.map(({ balance }) => Number(balance))).toEqual(neighbours.map(() => 2));
  }, 120_000);

  it('leaves a lane behind that suspects nothing any more', async () => {
    await eventually(async () => {
      const suspected = await rowsOf(system.adminDatabaseUrl, 'select from wallet.lane where attempts > 0');
      return suspected.length === 0;
    });
    expect(walletProcess.isRunning).toBe(true);
  });
});

/** Starts the process again whenever it has died, as `npm start` and every orchestrator do. */
class Supervisor {
  private deaths = 0;
  private readonly watch: NodeJS.Timeout;

  constructor(watched: ServiceProcess) {
    this.watch = setInterval(() => {
      if (watched.isRunning) return;
      this.deaths += 1;
      watched.spawn();
    }, 50);
  }

  /** Ends it, and says how often the process died. */
  stop(): number {
    clearInterval(this.watch);
    return this.deaths;
  }
}

function topUpUntilDecided({ api }: AFan): Promise<Answer> {
  const key = { 'idempotency-key': randomUUID() };
  return eventually(
    async () => {
      const answer = await api.post('/v1/wallet/top-ups', { amount: 1 }, key);
      return ![202, 503].includes(answer.status) && answer;
    },
    { within: 90_000, every: 100 },
  );
}

function aNeighbour(): string {
  const { partitions } = topics.walletCommands;
  for (;;) {
    const userId = `fan-${randomUUID()}`;
    if (partitionOf(userId, partitions) === partitionOf(DEADLY, partitions)) return userId;
  }
}
