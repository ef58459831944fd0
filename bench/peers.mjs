// What people use instead, under the same load as what it stands beside: bench/peers/conventional.ts.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Connections, requestOf } from './http-load.mjs';
import { built } from './servers.mjs';
import { expecting, median, medianRun } from './system.mjs';

const PROGRAM = fileURLToPath(new URL('../dist/bench/peers/conventional.js', import.meta.url));
const [CONNECTIONS, SEATS, TURNS, CONFLICTS] = [32, 50, 3, 0.1];

/** The conventional system, with a database and topics of its own, ended after the work. */
async function onPeer(work) {
  const { emptyDatabase, infrastructure, withTopics } = await built('libs/testing/src/index.js');
  const [database, topics] = [
    await emptyDatabase(),
    await withTopics(['hold', 'hold.reply'].map((name) => ({ name, partitions: 4 }))),
  ];
  const own = {
    DATABASE_URL: database.adminUrl,
    KAFKA_BROKERS: String(infrastructure().kafkaBrokers),
    HOLD_TOPIC: `${topics.prefix}hold`,
  };
  const children = [];
  const started = async (part) => {
    const child = fork(PROGRAM, [part], { env: { ...process.env, ...own, KAFKAJS_NO_PARTITIONER_WARNING: '1' } });
    children.push(child);
    return new Promise((resolve, reject) => child.once('message', resolve).once('exit', () => reject(new Error(part))));
  };
  const client = new pg.Client({ connectionString: database.adminUrl });
  try {
    const port = await started('api');
    await started('service');
    await client.connect();
    return await work({ url: `http://127.0.0.1:${port}`, query: (...args) => client.query(...args) });
  } finally {
    await client.end();
    await Promise.all(
      children.map((child) => {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        if (child.connected) child.disconnect();
        return gone;
      }),
    );
    await topics.drop();
    await database.drop();
  }
}

/** Express takes bodies of 100 KiB. */
const SIGNED_AT_ONCE = 1_000;

async function headersOf({ url }, users) {
  const all = [];
  for (let from = 0; from < users.length; from += SIGNED_AT_ONCE) {
    const body = JSON.stringify({ users: users.slice(from, from + SIGNED_AT_ONCE) });
    const headers = { 'content-type': 'application/json' };
    all.push(...(await (await fetch(`${url}/tokens`, { method: 'POST', headers, body })).json()));
  }
  return all.map((token) => ({ authorization: `Bearer ${token}` }));
}

const namesOf = (count, name = 'fan') => Array.from({ length: count }, (_, index) => `${name}-${index}`);

async function seatsIn({ query }, count) {
  const scheduleId = randomUUID();
  const { rows } = await query(
    `insert into seat select gen_random_uuid(), $1, 'A', (n / 50)::text, n % 50, 1000 from generate_series(1, $2::int) n returning id`,
    [scheduleId, count],
  );
  return { scheduleId, seatIds: rows.map(({ id }) => id) };
}

/** Requests over a few connections for some seconds, in turns; the median one. */
async function reads({ url }, texts, { seconds }) {
  const runs = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const connections = Connections.open(url, CONNECTIONS);
    const next = (index) => texts[index % texts.length];
    await connections.closed(next, { seconds: seconds / 4 });
    const { times, seconds: took } = await connections.closed(next, { seconds, heard: expecting(200) });
    connections.close();
    runs.push({ perSecond: times.length / took, times });
  }
  return medianRun(runs, (run) => run.perSecond);
}

/** Each request once, over so many connections; how many were answered 201. */
async function once({ url }, texts, count) {
  const connections = Connections.open(url, count);
  let held = 0;
  const heard = (answer) => (held += expecting(201, 409)(answer).status === 201 ? 1 : 0);
  const result = await connections.closed((index) => texts[index] ?? null, { heard });
  connections.close();
  return { ...result, held, perSecond: held / result.seconds };
}

export const benches = {
  'peer.read.seats': {
    what: 'beside read.seats: Nest on Express, a query for each request',
    async run({ options, print }) {
      const { perSecond, times } = await onPeer(async (peer) => {
        const { scheduleId } = await seatsIn(peer, SEATS);
        const headers = await headersOf(peer, namesOf(100));
        const texts = headers.map((one) => requestOf('GET', `/schedules/${scheduleId}/seats`, one));
        return reads(peer, texts, options);
      });
      print({ name: 'peer.read.seats', figure: perSecond, unit: 'requests/s', times });
    },
  },
  'peer.queue.poll': {
    what: 'beside queue.poll: the token verified and signed by jose, and a row read for each request',
    async run({ options, print }) {
      const { perSecond, times } = await onPeer(async (peer) => {
        const users = namesOf(500);
        await peer.query(`insert into visitor select unnest($1::text[]), 1, 'WAITING'`, [users]);
        const headers = await headersOf(peer, users);
        return reads(
          peer,
          headers.map((one) => requestOf('GET', '/queue', one)),
          options,
        );
      });
      print({ name: 'peer.queue.poll', figure: perSecond, unit: 'requests/s', times });
    },
  },
  'peer.hold.throughput': {
    what: "beside hold.throughput: Nest's own Kafka transport, one message and one insert at a time",
    async run({ options: { users, connections }, print }) {
      const { perSecond, seconds, ...measured } = await onPeer(async (peer) => {
        const runs = [];
        for (let turn = 0; turn < TURNS; turn += 1) {
          const headers = await headersOf(peer, namesOf(users, `fan-${turn}`));
          const { seatIds } = await seatsIn(peer, users);
          const texts = headers.map((one, index) => {
            const isConflict = index > 0 && index % (1 / CONFLICTS) === 0;
            return requestOf('POST', '/holds', one, { seatId: seatIds[isConflict ? index - 1 : index] });
          });
          runs.push(await once(peer, texts, connections));
        }
        return medianRun(runs, (run) => run.perSecond);
      });
      print({ name: 'peer.hold.throughput', figure: perSecond, unit: 'seats/s', ...measured });
    },
  },
  'peer.hold.race': {
    what: 'beside hold.race: `select for update` with a pool of twenty',
    async run({ options, print }) {
      await onPeer(async (peer) => {
        for (const users of [200, 1_000]) {
          const times = [];
          for (let round = 0; round < options.rounds; round += 1) {
            const headers = await headersOf(peer, namesOf(users));
            const [seatId] = (await seatsIn(peer, 1)).seatIds;
            const texts = headers.map((one) => requestOf('POST', '/locked-holds', one, { seatId }));
            const { seconds, held } = await once(peer, texts, users);
            if (held !== 1) throw new Error(`${held} have the one seat`);
            times.push(seconds * 1_000);
          }
          print({ name: `peer.hold.race.${users}`, figure: median(times), unit: 'ms', times });
        }
      });
    },
  },
};
