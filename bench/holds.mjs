// Joins and holds through HTTP, Kafka and PostgreSQL. What counts is what is committed, as SQL counts it.
import { built } from './servers.mjs';
import { Connections, requestOf } from './http-load.mjs';
import { startEcho } from './echo.mjs';
import {
  activeFans,
  audited,
  concertWith,
  expecting,
  fansOf,
  join,
  medianRun,
  meter,
  onSystem,
  wideOpen,
  wideOpenRooms,
} from './system.mjs';

const DATES = 8;
const TURNS = 3;
/** Of the holds, the share that asks for a seat that somebody else asks for too. */
const CONFLICTS = 0.1;

const holdOf = ({ headers }, { scheduleId }, seatId) =>
  requestOf('POST', '/v1/reservations', headers, { scheduleId, seatIds: [seatId] });

/** As many holds as there are fans, over all dates: each with a seat of its own, but for the conflicts. */
function holdsOf(fans, { dates }) {
  return fans.map((fan, index) => {
    const date = dates[index % dates.length];
    const turn = Math.floor(index / dates.length);
    const isConflict = turn > 0 && turn % (1 / CONFLICTS) === 0;
    return holdOf(fan, date, date.seatIds[isConflict ? turn - 1 : turn]);
  });
}

async function claims(system, { rowsOf }) {
  const sql = 'select count(*)::int as count from concert.claim where ended_at is null';
  return (await rowsOf(system.adminDatabaseUrl, sql))[0].count;
}

/** Sends the holds and counts what came of them. */
async function hold(system, testing, requests, { connections: count, perSecond }) {
  const connections = Connections.open(system.gateway, count);
  const statuses = {};
  const heard = ({ status }) => (statuses[status] = (statuses[status] ?? 0) + 1);
  const [before, used] = [await claims(system, testing), meter(system)];
  const next = (index) => requests[index] ?? null;
  const result = await (perSecond
    ? connections.open(next, { perSecond, count: requests.length, heard })
    : connections.closed(next, { heard }));
  connections.close();
  const held = (await claims(system, testing)) - before;
  if (held !== statuses[201]) throw new Error(`${held} seats are held: ${JSON.stringify(statuses)}`);
  return { ...result, held, statuses, perSecond: held / result.seconds, ...used(requests.length) };
}

/** The first holds of a system meet code that no machine has compiled yet. */
async function warmed(system, testing, concert, { users, connections }) {
  const fans = await activeFans(system, concert, Math.min(users, 4_000), 'early');
  const requests = fans.map((fan, index) => {
    const date = concert.dates[index % DATES];
    return holdOf(fan, date, date.seatIds.at(-1 - Math.floor(index / DATES)));
  });
  await hold(system, testing, requests, { connections });
}

/** One seat, and everybody at once: until the last is answered, ms. */
async function race(system, concert, users, round) {
  const fans = await activeFans(system, concert, users, `racer-${round}-${users}`);
  const date = concert.dates[round % DATES];
  const requests = fans.map((fan) => holdOf(fan, date, date.seatIds[round]));
  const connections = Connections.open(system.gateway, users);
  const statuses = { 201: 0, 409: 0 };
  const { seconds } = await connections.closed((index) => requests[index] ?? null, {
    heard: (answer) => (statuses[expecting(201, 409)(answer).status] += 1),
  });
  connections.close();
  if (statuses[201] !== 1 || statuses[409] !== users - 1) throw new Error(`no race: ${JSON.stringify(statuses)}`);
  return seconds * 1_000;
}

const withHolds = (work) =>
  onSystem({ settings: wideOpen }, async (system, testing) => {
    await work(system, testing);
    return audited(system, wideOpenRooms);
  });

/** Holds of `users` fans in each of three turns, each with seats of its own. */
async function inTurns(options, load) {
  const runs = [];
  const violations = await withHolds(async (system, testing) => {
    const concert = await concertWith(system, { seats: TURNS * options.users, schedules: DATES });
    await warmed(system, testing, concert, options);
    for (let turn = 0; turn < TURNS; turn += 1) {
      const fans = await activeFans(system, concert, options.users, `fan-${turn}`);
      const dates = concert.dates.map(({ scheduleId, seatIds }) => {
        return { scheduleId, seatIds: seatIds.slice(turn * options.users) };
      });
      runs.push(await hold(system, testing, holdsOf(fans, { dates }), load));
    }
  });
  return { runs, violations };
}

export const benches = {
  'queue.join': {
    what: '--joins joins over HTTP, per second; the limit is single-row inserts, as many at a time as there are cores',
    async run({ options, print }) {
      await onSystem({ settings: { QUEUE_TICK_MS: 3_600_000 } }, async (system) => {
        const concert = await concertWith(system, { seats: 1 });
        await join(system, concert, await fansOf(system, Math.min(options.users, 4_000), 'early'));
        const runs = [];
        for (let turn = 0; turn < TURNS; turn += 1) {
          const fans = await fansOf(system, options.users, `fan-${turn}`);
          const connections = Connections.open(system.gateway, options.connections);
          const requests = fans.map(({ headers }) =>
            requestOf('POST', `/v1/concerts/${concert.concertId}/queue-token`, headers),
          );
          const used = meter(system);
          const heard = expecting(201);
          const result = await connections.closed((index) => requests[index] ?? null, { heard });
          connections.close();
          runs.push({ perSecond: fans.length / result.seconds, times: result.times, ...used(fans.length) });
        }
        const violations = await audited(system, { tickMs: 3_600_000 });
        const { perSecond, ...measured } = medianRun(runs, (run) => run.perSecond);
        const limit = await singleInserts();
        print({
          name: 'queue.join',
          figure: perSecond,
          unit: 'joins/s',
          target: 5_000,
          limit,
          ...measured,
          violations,
        });
      });
    },
  },
  'hold.throughput': {
    what: `--users holds by as many fans over --connections, ${100 * CONFLICTS} % of them for a seat that is gone: seats held per second`,
    async run({ options, print }) {
      const { runs, violations } = await inTurns(options, { connections: options.connections });
      const { perSecond, seconds, ...measured } = medianRun(runs, (run) => run.perSecond);
      print({ name: 'hold.throughput', figure: perSecond, unit: 'seats/s', target: 4_000, ...measured, violations });
    },
  },
  'hold.latency': {
    what: '--users holds at --rate a second, open loop, p99 in ms; the limit is an echo over as many hops, without a database',
    async run({ options, print, at }) {
      const echo = await startEcho();
      const echoes = await echo.times({ perSecond: options.rate, count: options.users });
      await echo.stop();
      const load = { connections: options.connections, perSecond: options.rate };
      const { runs, violations } = await inTurns(options, load);
      const { seconds, perSecond, ...measured } = medianRun(runs, ({ times }) => at(times, 0.99));
      const limit = at(echoes, 0.99);
      const figure = at(measured.times, 0.99);
      const limits = { limit, limitP50Ms: at(echoes, 0.5) };
      print({ name: 'hold.latency', figure, unit: 'ms', target: 100, ...limits, ...measured, violations });
    },
  },
  'hold.race': {
    what: '200 and 1,000 fans and one seat: until the last is answered, ms',
    async run({ options, print }) {
      const times = { 200: [], 1000: [] };
      const violations = await withHolds(async (system, testing) => {
        const concert = await concertWith(system, { seats: 5_000, schedules: DATES });
        await warmed(system, testing, concert, options);
        for (let round = 0; round < options.rounds; round += 1) {
          for (const users of [200, 1_000])
            times[users].push(await race(system, concert, users, round + (users > 200 ? 10 : 0)));
        }
      });
      for (const [users, target] of [
        [200, 100],
        [1_000, 300],
      ]) {
        const all = times[users];
        const figure = all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)];
        print({ name: `hold.race.${users}`, figure, unit: 'ms', target, times: all, violations });
      }
    },
  },
};

/** Places inserted row by row, each a transaction of its own, by as many clients as do best on two cores; per second. */
async function singleInserts() {
  const { emptyDatabase } = await built('libs/testing/src/index.js');
  const { QueueDatabase } = await built('services/queue/test/queue.database.js');
  const database = await QueueDatabase.in(await emptyDatabase());
  const insert = `insert into place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until)
    values ('0190a000-0000-7000-8000-000000000001', 1, $1::int, gen_random_uuid(), 'fan ' || $1::int, 'WAITING', now(), now())`;
  const [clients, count] = [8, 1_000];
  const from = performance.now();
  const client = async (first) => {
    for (let number = 1; number <= count; number += 1) await database.query(insert, [first + number]);
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index * count)));
  const perSecond = (1_000 * clients * count) / (performance.now() - from);
  await database.drop();
  return perSecond;
}
