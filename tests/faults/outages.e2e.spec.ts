import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aFan,
  allSeats,
  anActiveFan,
  type AQueueingFan,
  eventually,
  expectStatus,
  type OwnServers,
  postUntilDecided,
  promptSettings,
  type ServiceProcess,
  startServers,
  startSystem,
  type System,
} from '#testing';
import { expectAnswered, expectCountedOnce, expectSameDecisions, undecided } from './decided-once.js';
import { settles } from './mistakes.js';
import { type Sent, Traffic } from './traffic.js';
import { type Memory, memoryOf, runningProcesses, untilReadiness } from './watched-processes.js';

/** How long each part is away. A longer one shows no more of it, but for memory. */
const OUTAGE_MS = 1_000 * Number(process.env.OUTAGE_SECONDS ?? 8);
/** Two looks at the database, or the session of a consumer, and plenty. */
const NOTICED_MS = 30_000;
const NORMAL_MS = 60_000;
const TEST_MS = OUTAGE_MS + 240_000;
const FANS = 12;
/** With room, V8 keeps what nobody uses any more, for minutes: resident memory would say nothing. One that leaks dies. */
const SMALL_HEAP = '--max-old-space-size=128 --max-semi-space-size=4';
/** A process that has just started is still growing into its load. */
const WARM_REQUESTS = 2_500;
/** Resident memory above the most there was before, MB: at most, and what may remain of it a minute later. */
const GROWTH_MB = 150;
const LEFT_MB = 20;
const LEFT_AFTER_MS = 60_000;

interface Outage {
  readonly of: string;
  readonly begin: () => Promise<void>;
  /** Resolves once what was away answers. */
  readonly end: () => Promise<void>;
  /** The processes that cannot do their work meanwhile, and say so. */
  readonly notReady: readonly ServiceProcess[];
}

describe('under load, with one part away', () => {
  let servers: OwnServers | undefined;
  let system: System;
  let concert: AConcert;
  let fans: AQueueingFan[];
  /** Holds a seat after each outage. */
  let holder: AQueueingFan;
  let seats: string[];
  let traffic: Traffic | undefined;
  const allSent: Sent[] = [];

  beforeAll(async () => {
    servers = await startServers();
    system = await startSystem({ on: servers, settings: { ...promptSettings, NODE_OPTIONS: SMALL_HEAP } });
    concert = await aConcertWith(system, { seats: 5 * FANS, price: 100 });
    seats = await allSeats(system, concert);
    holder = await anActiveFan(system, concert);
    fans = await Promise.all(Array.from({ length: FANS }, () => anActiveFan(system, concert)));
    const warming = new Traffic(system, concert, fans, () => seats.splice(0, 1));
    traffic = warming;
    await eventually(() => warming.sent.length > WARM_REQUESTS, { within: 60_000 });
    await warming.stop();
    await expectSameDecisions(warming.sent);
    allSent.push(...warming.sent);
  }, 240_000);
  afterEach(() => traffic?.stop());
  afterAll(async () => {
    await system?.stop();
    await servers?.stop();
  });

  it(
    'the broker: everybody is answered in time, and what was accepted is there exactly once',
    async () => {
      const kafka = servers!.kafka;
      const [begin, end] = [() => kafka.kill(), () => kafka.start()];
      await anOutage({ of: 'Kafka', begin, end, notReady: runningProcesses(system) });
    },
    TEST_MS,
  );

  it(
    'the database: everybody is answered in time, and what was accepted is there exactly once',
    async () => {
      const postgres = servers!.postgres;
      const [begin, end] = [() => postgres.kill(), () => postgres.start()];
      const notReady = runningProcesses(system).filter(({ name }) => !name.startsWith('gateway'));
      await anOutage({ of: 'PostgreSQL', begin, end, notReady });
    },
    TEST_MS,
  );

  it(
    'one service: everybody is answered in time, the others go on, and what was accepted is there exactly once',
    async () => {
      const wallet = system.processes.wallet[0]!;
      const [begin, end] = [() => wallet.kill(), () => wallet.restart()];
      const during = await anOutage({ of: 'the wallet service', begin, end, notReady: [] });
      const others = during.filter(({ kind, answer }) => (kind === 'hold' || kind === 'join') && answer !== null);
      expect(others.length).toBeGreaterThan(0);
      // On a machine that stalls, one or another may not be decided within the wait window.
      expect(undecided(others).length).toBeLessThanOrEqual(others.length / 10);
    },
    TEST_MS,
  );

  /** All that is true whatever was away; answers what was asked meanwhile. */
  async function anOutage({ of, begin, end, notReady }: Outage): Promise<Sent[]> {
    traffic = new Traffic(system, concert, fans, () => seats.splice(0, 1));
    await eventually(() => traffic!.sent.length > 40 * FANS, { within: 30_000 });
    const before = memoryOf(system, 'most');
    const from = performance.now();
    await begin();
    const noticed = await Promise.all(notReady.map((one) => untilReadiness(one, false, NOTICED_MS)));
    await pause(Math.max(0, OUTAGE_MS - (performance.now() - from)));
    const to = performance.now();
    await end();
    const answersAt = performance.now();
    await isNormal();
    const normalAt = performance.now();
    await Promise.all(runningProcesses(system).map((one) => untilReadiness(one, true, NORMAL_MS)));
    await traffic.stop();
    const during = traffic.between(from, to);
    const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
    report(
      `${of} away for ${seconds(to - from)}: ${during.length} requests, ${undecided(during).length} undecided`,
      `not ready after ${noticed.map(seconds).join(', ')}; started in ${seconds(answersAt - to)}, and normal ${seconds(normalAt - answersAt)} later`,
    );

    expectAnswered(traffic.sent);
    expect(undecided(during).length).toBeGreaterThan(FANS);
    allSent.push(...traffic.sent);
    await expectSameDecisions(traffic.sent);
    await expectCountedOnce(allSent, fans);
    await settles(system);
    await expectModest(before);
    expect(runningProcesses(system)).toHaveLength(Object.keys(before).length);
    return during;
  }

  /** A command of every service is decided: queue, wallet, and concert with reservation. */
  async function isNormal(): Promise<void> {
    const { api } = await aFan(system);
    const join = () => api.post(`/v1/concerts/${concert.concertId}/queue-token`);
    const hold = { scheduleId: concert.scheduleId, seatIds: [seats.pop()] };
    await Promise.all([
      eventually(async () => expectStatus(await join(), 200, 201), { within: NORMAL_MS, every: 100 }),
      postUntilDecided(api, '/v1/wallet/top-ups', { amount: 1 }, 201),
      postUntilDecided(holder.api, '/v1/reservations', hold, 201),
    ]);
  }

  /** `before`: the most that each process had needed until then, under the same load. */
  async function expectModest(before: Memory): Promise<void> {
    const most = memoryOf(system, 'most');
    const grownPast = (limit: number, now: Memory) =>
      Object.entries(before).filter(([name, mb]) => !((now[name] ?? Infinity) - mb < limit));
    expect({ most, tooMuch: grownPast(GROWTH_MB, most) }).toEqual({ most, tooMuch: [] });
    const after = await eventually(
      () => {
        const now = memoryOf(system, 'now');
        expect({ now, tooMuch: grownPast(LEFT_MB, now) }).toEqual({ now, tooMuch: [] });
        return now;
      },
      { within: LEFT_AFTER_MS, every: 500 },
    );
    const each = Object.keys(before).map((name) => `${name} ${before[name]} ${most[name]} ${after[name]}`);
    report(`memory, MB, most before, most, after: ${each.join(', ')}`);
  }
});

function report(...lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`outages: ${line}\n`);
}
