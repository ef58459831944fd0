// Each service alone, with a topic that is full of what it obeys: messages a second from the first that is committed to the
// last. Everybody who sent one waits for an answer, as in production. The limit is what the engine itself writes for so many
// messages (ids with outcomes, answers on their way out and deleted again), in bare batches as large as the service's.
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { commandsTo } from './commands.mjs';
import { built } from './servers.mjs';
import { concertWith, meter, onSystem } from './system.mjs';

const BATCH = 500;
const CONCERTS = 32;
/** Of a gateway that nobody has started. */
const REPLY_TO = 'gateway.replies/7';

/** Bare batches of the engine's rows on `connections`, messages a second. */
async function bareBatches(url, service, messages, connections) {
  const clients = Array.from({ length: connections }, () => {
    return new pg.Client({ connectionString: url, options: `-c search_path=${service}` });
  });
  await Promise.all(clients.map((client) => client.connect()));
  const outcome = JSON.stringify({ kind: 'answered', body: { text: 'x'.repeat(200) } });
  const headers = JSON.stringify({ text: 'x'.repeat(400) });
  const batch = async (client, lane) => {
    await client.query('begin');
    await client.query({
      name: 'inbox',
      text: `insert into inbox (consumer, message_id, outcome) select 'bench', id, $2 from unnest($1::uuid[]) id`,
      values: [Array.from({ length: BATCH }, () => uuidv7()), outcome],
    });
    const { rows } = await client.query({
      name: 'outbox',
      text: `insert into outbox (id, lane, aggregatetype, aggregateid, type, topic, partition, key, headers, payload)
             select gen_random_uuid(), $1, 'reply', 'x', 'x', 'x', 0, 'x', $2, $3 from generate_series(1, ${BATCH}) returning seq`,
      values: [lane, headers, outcome],
    });
    await client.query('commit');
    await client.query({
      name: 'delete',
      text: 'delete from outbox where seq = any($1)',
      values: [rows.map(({ seq }) => seq)],
    });
  };
  const from = performance.now();
  const each = Math.ceil(messages / BATCH / connections);
  await Promise.all(
    clients.map(async (client, index) => {
      for (let turn = 0; turn < each; turn += 1) await batch(client, `bench/${index}`);
    }),
  );
  const perSecond = (1_000 * each * BATCH * connections) / (performance.now() - from);
  await Promise.all(clients.map((client) => client.end()));
  return perSecond;
}

/**
 * Fills the topic while the service is down, starts it, and times it.
 * @param fill sends the messages
 * @param done how many are committed
 */
async function drain(system, service, { fill, done, messages, connections }) {
  const [process] = system.processes[service];
  await process.kill();
  const before = await done();
  await fill();
  process.spawn();
  let first = 0;
  while ((first = (await done()) - before) === 0) await pause(5);
  const from = performance.now();
  const used = meter(system);
  while ((await done()) - before < messages) await pause(20);
  const perSecond = (1_000 * (messages - first)) / (performance.now() - from);
  const spent = used(messages - first);
  await process.kill();
  return {
    figure: perSecond,
    ...spent,
    limit: await bareBatches(system.databaseUrl(service), service, messages / 4, connections),
  };
}

const counting =
  (system, { rowsOf }, sql) =>
  async () =>
    (await rowsOf(system.adminDatabaseUrl, `select coalesce((${sql})::int, 0) as count`))[0].count;

async function drainQueue({ joins }) {
  return onSystem({ only: ['queue'] }, async (system, testing) => {
    const sender = await commandsTo(system);
    const concertIds = Array.from({ length: CONCERTS }, () => uuidv7());
    await sender.open(concertIds);
    const rooms = counting(system, testing, 'select count(*) from queue.waiting_room');
    while ((await rooms()) < CONCERTS) await pause(50);
    const places = Array.from({ length: joins }, (_, n) => [concertIds[n % CONCERTS], `fan-${n}`]);
    const done = counting(system, testing, 'select sum(last_number) from queue.waiting_room');
    const fill = () => sender.join(places, REPLY_TO);
    const measured = await drain(system, 'queue', { fill, done, messages: joins, connections: 4 });
    await sender.close();
    return measured;
  });
}

/** Holds of one date, which are all on one partition, and then the seats held, as the reservation service hears of them. */
async function drainSeats({ messages }) {
  return onSystem({}, async (system, testing) => {
    const { concert } = await built('libs/contracts/src/index.js');
    const { concertId, dates } = await concertWith(system, { seats: messages });
    const [{ scheduleId, seatIds }] = dates;
    const sender = await commandsTo(system);
    const holds = seatIds.slice(0, messages).map((seatId, n) => {
      return { scheduleId, concertId, reservationId: uuidv7(), userId: `fan-${n}`, seatIds: [seatId] };
    });
    await Promise.all(['gateway', 'queue', 'reservation'].map((name) => system.processes[name][0].kill()));
    const ofConcert = await drain(system, 'concert', {
      fill: () => sender.send(concert.holdSeats, holds, REPLY_TO),
      done: counting(system, testing, 'select count(*) from concert.claim'),
      ...{ messages, connections: 1 },
    });
    const ofReservation = await drain(system, 'reservation', {
      fill: () => Promise.resolve(),
      done: counting(system, testing, 'select count(*) from reservation.reservation'),
      ...{ messages, connections: 1 },
    });
    await sender.close();
    return { ofConcert, ofReservation };
  });
}

/** Top-ups of users whose wallets are all on one partition. */
async function drainWallet({ messages }) {
  return onSystem({ only: ['wallet'] }, async (system, testing) => {
    const { wallet, topics } = await built('libs/contracts/src/index.js');
    const { partitionOf } = await built('libs/messaging/src/index.js');
    const sender = await commandsTo(system);
    const users = [];
    for (let n = 0; users.length < messages; n += 1) {
      if (partitionOf(`fan-${n}`, topics.walletCommands.partitions) === 0) users.push(`fan-${n}`);
    }
    const topUps = users.map((userId) => ({ topUpId: uuidv7(), userId, amount: 1_000 }));
    const measured = await drain(system, 'wallet', {
      fill: () => sender.send(wallet.topUp, topUps, REPLY_TO),
      done: counting(system, testing, 'select count(*) from wallet.transfer'),
      ...{ messages, connections: 1 },
    });
    await sender.close();
    return measured;
  });
}

const unit = 'messages/s';
const ofOnePartition = { unit, target: 15_000 };

export const benches = {
  'queue.drain': {
    what: `the queue service with --joins joins of ${CONCERTS} concerts on four partitions`,
    async run({ options, print }) {
      print({ name: 'queue.drain', unit, target: 40_000, ...(await drainQueue(options)) });
    },
  },
  'drain.seats': {
    what: 'the concert service with --messages holds on one partition, then the reservation service with what came of them',
    async run({ options, print }) {
      const { ofConcert, ofReservation } = await drainSeats(options);
      print({ name: 'drain.concert', ...ofOnePartition, ...ofConcert });
      print({ name: 'drain.reservation', ...ofOnePartition, ...ofReservation });
    },
  },
  'drain.wallet': {
    what: 'the wallet service with --messages top-ups on one partition',
    async run({ options, print }) {
      print({ name: 'drain.wallet', ...ofOnePartition, ...(await drainWallet(options)) });
    },
  },
  idle: {
    what: 'what the five processes use together while nothing happens, % of a core',
    async run({ options, print }) {
      await onSystem({}, async (system) => {
        await concertWith(system, { seats: 50 });
        await pause(5_000);
        const used = meter(system);
        await pause(1_000 * options.idle);
        const { cpuUsPerOp, memoryMb } = used(options.idle);
        const services = Object.keys(system.processes).reduce((sum, name) => sum + cpuUsPerOp[name], 0);
        print({
          name: 'idle',
          figure: services / 1e4,
          unit: '% of a core',
          target: 2,
          cpuUsPerSecond: cpuUsPerOp,
          memoryMb,
        });
      });
    },
  },
};
