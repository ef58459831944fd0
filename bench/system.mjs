// A system for a measurement: real processes with a database and topics of their own, what it used, and whether its rows are
// as they must be afterwards.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Connections, jsonOf, requestOf } from './http-load.mjs';
import { built, servers } from './servers.mjs';

const asInProduction = {
  QUEUE_TICK_MS: 5_000,
  KAFKA_SESSION_MS: 6_000,
  REPLY_WAIT_MS: 3_000,
  UPSTREAM_TIMEOUT_MS: 2_000,
};
/** Most joins of one user or address are no subject of a measurement. */
const unlimited = { JOINS_PER_ADDRESS: 1_000_000 };

/** Where each process leaves its CPU profile at its end, if anywhere. */
const { PROFILES } = process.env;
const profiled = PROFILES ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${PROFILES}` } : {};

/** A system of its own, ended after the work. */
export async function onSystem({ settings, ...wishes }, work) {
  const testing = await built('libs/testing/src/index.js');
  const all = { ...asInProduction, ...unlimited, ...profiled, ...settings };
  const system = await testing.startSystem({ settings: all, ...wishes });
  try {
    if (process.env.STATEMENTS) await testing.rowsOf(system.adminDatabaseUrl, 'create extension pg_stat_statements');
    return await work(system, testing);
  } finally {
    if (process.env.STATEMENTS) console.table(await testing.rowsOf(system.adminDatabaseUrl, costliest));
    await system.stop();
  }
}

const costliest = `select calls::int, round(total_exec_time)::int as ms, round(total_plan_time)::int as planning,
  round((total_exec_time / calls)::numeric, 2)::float as each,
  rows::int, (shared_blks_hit / calls)::int as blocks, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as statement
  from pg_stat_statements where calls > 0 and dbid = (select oid from pg_database where datname = current_database())
  order by total_exec_time + total_plan_time desc limit ${process.env.STATEMENTS}`;

/**
 * Waits until nothing is under way, then has the audit look at every row.
 * @returns 0
 * @throws with what is wrong: a system that is wrong has no figure
 */
export async function audited(system, rooms = {}) {
  const { audit } = await built('tools/audit/audit.js');
  for (const until = performance.now() + 60_000; ; await pause(500)) {
    const { violations, checks } = await audit(system.databaseUrl('auditor'), { atRest: true, rooms });
    if (violations === 0) return 0;
    if (performance.now() > until) {
      const listed = checks.flatMap((check) => check.listed.slice(0, 3)).map(({ what, which }) => `${what}: ${which}`);
      throw new Error(`${violations} violations:\n${listed.join('\n')}`);
    }
  }
}

/** A process's time on a core so far, s, and the memory it has, MiB. */
function usedBy(pids) {
  let [seconds, memory] = [0, 0];
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      seconds += (Number(fields[11]) + Number(fields[12])) / 100;
      // What a process shares with others is counted once for each, but for its parts of shared memory.
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      memory += Number(/RssAnon:\s+(\d+)/.exec(status)[1]) / 1_024;
    } catch {
      // It ended meanwhile.
    }
  }
  return { seconds, memory };
}

/** The process and its children, such as PostgreSQL's one for each connection. */
function familyOf(pid) {
  const children = readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(pid);
    } catch {
      return false;
    }
  });
  return [pid, ...children];
}

/**
 * Begins to measure what the parts of the system use.
 * @returns a function of the number of operations: µs of a core for each, by part, and MiB of each part now
 */
export function meter(system) {
  const parts = () => ({
    ...Object.fromEntries(
      Object.entries(system.processes)
        .filter(([, replicas]) => replicas.length > 0)
        .map(([name, replicas]) => [name, usedBy(replicas.map(({ pid }) => pid))]),
    ),
    ...Object.fromEntries(Object.entries(servers()).map(([name, pid]) => [name, usedBy(familyOf(pid))])),
    generator: usedBy([process.pid]),
  });
  const before = parts();
  return (operations) => {
    const now = parts();
    const each = (of) => Object.fromEntries(Object.entries(now).map(([name, used]) => [name, of(name, used)]));
    return {
      cpuUsPerOp: each((name, used) =>
        Math.max(0, Math.round(((used.seconds - (before[name]?.seconds ?? 0)) * 1e6) / operations)),
      ),
      memoryMb: each((_, used) => Math.round(used.memory)),
    };
  };
}

export const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];

/** The run whose `of` is the median one. */
export const medianRun = (runs, of) => runs.toSorted((one, other) => of(one) - of(other))[Math.floor(runs.length / 2)];

export function expecting(...statuses) {
  return (answer) => {
    if (!statuses.includes(answer.status)) throw new Error(`${answer.status}: ${answer.body}`);
    return answer;
  };
}

const SETUP_CONNECTIONS = 64;

/** Asks for every item through the public API, and tells each answer's body. */
export async function askAll(system, items, request, tell, statuses = [200, 201]) {
  const connections = Connections.open(system.gateway, SETUP_CONNECTIONS);
  const expected = expecting(...statuses);
  const result = await connections.closed((index) => (index < items.length ? request(items[index], index) : null), {
    heard: (answer, index) => tell(items[index], jsonOf(expected(answer))),
  });
  connections.close();
  return result;
}

/** Fans who are signed in: `headers` of each. */
export async function fansOf(system, count, name = 'fan') {
  const fans = Array.from({ length: count }, (_, index) => ({ userId: `${name}-${index}` }));
  await askAll(
    system,
    fans,
    ({ userId }) => requestOf('POST', '/v1/dev/sign-in', {}, { userId }),
    (fan, { accessToken }) => (fan.headers = { authorization: `Bearer ${accessToken}` }),
  );
  return fans;
}

/** Each fan takes a place in the concert's line, which their headers name from then on. @returns how the joins went */
export function join(system, { concertId }, fans) {
  return askAll(
    system,
    fans,
    ({ headers }) => requestOf('POST', `/v1/concerts/${concertId}/queue-token`, headers),
    (fan, { token }) => (fan.headers = { ...fan.headers, 'queue-token': token }),
  );
}

/** Waits until all of the line may enter, as the gateways see it. */
export async function untilAllActive(system, { concertId }, fans) {
  for (const gateway of system.gateways) {
    const connections = Connections.open(gateway, 1);
    const [connection] = connections.all;
    for (const { headers } of [fans[0], fans.at(-1)]) {
      const poll = requestOf('GET', `/v1/concerts/${concertId}/queue-token`, headers);
      while (jsonOf(expecting(200)(await connection.ask(poll))).status !== 'ACTIVE') await pause(200);
    }
    connections.close();
  }
}

/** Fans who may hold seats of the concert now. */
export async function activeFans(system, concert, count, name) {
  const fans = await fansOf(system, count, name);
  await join(system, concert, fans);
  await untilAllActive(system, concert, fans);
  return fans;
}

/** A room that lets everybody in within a second: the line is no subject of the measurement. */
export const wideOpen = { QUEUE_ACTIVATION_BATCH: 100_000, QUEUE_TICK_MS: 1_000 };
export const wideOpenRooms = { activationBatch: 100_000, tickMs: 1_000 };

const SEATS_A_ROW = 500;

/** A concert with as many dates, each with as many seats: ids of the seats by date. */
export async function concertWith(system, { seats, schedules = 1, price = 1_000 }) {
  const { api } = system;
  const organizer = await api.signIn('bench-organizer', ['organizer']);
  const created = await organizer.post('/v1/admin/concerts', { title: 'A bench' });
  const { concertId } = created.body;
  const dates = [];
  for (let date = 1; date <= schedules; date += 1) {
    const rows = Math.ceil(seats / SEATS_A_ROW);
    const startsAt = new Date(Date.now() + (30 + date) * 86_400_000).toISOString();
    const blocks = [{ section: 'A', rows, seatsPerRow: Math.ceil(seats / rows), price }];
    const made = await organizer.post(`/v1/admin/concerts/${concertId}/schedules`, { startsAt, blocks });
    if (made.status !== 201) throw new Error(`${made.status}: ${JSON.stringify(made.body)}`);
    const { scheduleId } = made.body;
    const listed = await organizer.get(`/v1/admin/schedules/${scheduleId}/seats`);
    dates.push({ scheduleId, seatIds: listed.body.items.map(({ seatId }) => seatId) });
  }
  return { concertId, dates };
}
