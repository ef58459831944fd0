// Whole purchases: the saga of six hops, and a concert that sells out from the line to the ticket.
import { setTimeout as pause } from 'node:timers/promises';
import { Connections, jsonOf, requestOf } from './http-load.mjs';
import {
  activeFans,
  askAll,
  audited,
  concertWith,
  expecting,
  fansOf,
  medianRun,
  meter,
  onSystem,
  wideOpen,
  wideOpenRooms,
} from './system.mjs';

const DATES = 8;
const TURNS = 3;
const PRICE = 1_000;
/** Every so manieth cannot pay, or asks to give the seat back at the moment of paying. */
const [TOO_POOR, LEAVES] = [20, 50];

const keyed = (headers) => ({ ...headers, 'idempotency-key': 'first' });

const topUps = (system, fans, amountOf) =>
  askAll(
    system,
    fans,
    ({ headers }, index) => requestOf('POST', '/v1/wallet/top-ups', keyed(headers), { amount: amountOf(index) }),
    () => undefined,
  );

/** A seat of its own for each fan. */
const holds = (system, fans, { dates }, first) =>
  askAll(
    system,
    fans,
    ({ headers }, index) => {
      const date = dates[index % dates.length];
      const seatIds = [date.seatIds[first + Math.floor(index / dates.length)]];
      return requestOf('POST', '/v1/reservations', headers, { scheduleId: date.scheduleId, seatIds });
    },
    (fan, { reservationId }) => (fan.reservationId = reservationId),
  );

const paymentOf = ({ headers, reservationId }) =>
  requestOf('POST', `/v1/reservations/${reservationId}/payment`, keyed(headers));

async function giveBack(system, { headers, reservationId }) {
  const connections = Connections.open(system.gateway, 1);
  await connections.all[0].ask(requestOf('DELETE', `/v1/reservations/${reservationId}`, headers));
  connections.close();
}

const finished = `select count(*) filter (where state = 'COMPLETED')::int as completed,
  count(*) filter (where finished_at is null)::int as open, count(*)::int as all from reservation.payment`;

/** Sends the payments, waits until none is open, and counts those that are done. */
async function pay(system, { rowsOf }, fans, { connections: count, perSecond, leaves = false }) {
  const payments = async () => (await rowsOf(system.adminDatabaseUrl, finished))[0];
  const connections = Connections.open(system.gateway, count);
  const leaving = [];
  const before = await payments();
  const statuses = {};
  const heard = ({ status }) => (statuses[status] = (statuses[status] ?? 0) + 1);
  const used = meter(system);
  const from = performance.now();
  const next = (index) => {
    const fan = fans[index];
    if (fan && leaves && index % LEAVES === 1) leaving.push(giveBack(system, fan));
    return fan ? paymentOf(fan) : null;
  };
  const result = await (perSecond
    ? connections.open(next, { perSecond, count: fans.length, heard })
    : connections.closed(next, { heard }));
  while ((await payments()).open > 0) await pause(20);
  const seconds = (performance.now() - from) / 1_000;
  connections.close();
  await Promise.all(leaving);
  const after = await payments();
  const completed = after.completed - before.completed;
  const ended = after.all - before.all;
  return { ...result, seconds, completed, ended, perSecond: ended / seconds, statuses, ...used(ended) };
}

/** Payments of `users` fans in each of three turns. */
async function inTurns({ users }, load) {
  return onSystem({ settings: wideOpen }, async (system, testing) => {
    const each = Math.ceil(users / DATES);
    const concert = await concertWith(system, { seats: TURNS * each + 50, schedules: DATES, price: PRICE });
    const ready = async (count, first, name, amountOf) => {
      const fans = await activeFans(system, concert, count, name);
      await topUps(system, fans, amountOf);
      await holds(system, fans, concert, first);
      return fans;
    };
    await pay(system, testing, await ready(50 * DATES, TURNS * each, 'early', () => PRICE), { connections: 100 });
    const runs = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const amountOf = (index) => (load.mixed && index % TOO_POOR === 0 ? PRICE - 1 : PRICE);
      const fans = await ready(users, turn * each, `fan-${turn}`, amountOf);
      runs.push(await pay(system, testing, fans, { ...load, leaves: load.mixed }));
    }
    return { runs, violations: await audited(system, wideOpenRooms) };
  });
}

export const benches = {
  'pay.throughput': {
    what: `--users payments over --connections, ${100 / TOO_POOR} % too poor, ${100 / LEAVES} % asking to give the seat back meanwhile: ended per second`,
    async run({ options, print }) {
      const { users, connections } = options;
      const { runs, violations } = await inTurns({ users }, { connections, mixed: true });
      const { perSecond, seconds, ...measured } = medianRun(runs, (run) => run.perSecond);
      print({ name: 'pay.throughput', figure: perSecond, unit: 'payments/s', target: 1_500, ...measured, violations });
    },
  },
  'pay.latency': {
    what: '--users payments at 300 a second, open loop, p99 in ms',
    async run({ options, print, at }) {
      const { runs, violations } = await inTurns(options, { connections: options.connections, perSecond: 300 });
      const { perSecond, seconds, ...measured } = medianRun(runs, ({ times }) => at(times, 0.99));
      const figure = at(measured.times, 0.99);
      print({ name: 'pay.latency', figure, unit: 'ms', target: 200, ...measured, violations });
    },
  },
  sellout: {
    what: '--crowd fans and --seats seats of one concert, from joining the line to paid, until sold out',
    async run({ options, print }) {
      const { crowd, seats } = options;
      await onSystem({ settings: { QUEUE_ACTIVATION_BATCH: 100_000, QUEUE_TICK_MS: 1_000 } }, async (system) => {
        const concert = await concertWith(system, { seats: Math.ceil(seats / DATES), schedules: DATES, price: PRICE });
        const fans = await fansOf(system, crowd);
        const used = meter(system);
        const from = performance.now();
        const sold = await sellOut(system, concert, fans, options);
        const seconds = (performance.now() - from) / 1_000;
        const spent = used(crowd);
        const violations = await audited(system, wideOpenRooms);
        print({ name: 'sellout', figure: crowd / seconds, unit: 'fans/s', seconds, ...sold, ...spent, violations });
        print({ name: 'sellout.tickets', figure: sold.tickets / seconds, unit: 'tickets/s', violations });
      });
    },
  },
};

/** Each fan joins, waits for the turn, and goes for seats until one is bought or none is left. */
async function sellOut(system, concert, fans, { connections: count }) {
  const free = concert.dates.flatMap(({ scheduleId, seatIds }) => seatIds.map((seatId) => ({ scheduleId, seatId })));
  const connections = Connections.open(system.gateway, count);
  const counts = { tickets: 0, lost: 0, soldOut: 0, refused: 0 };
  const line = `/v1/concerts/${concert.concertId}/queue-token`;
  const queue = fans.values();
  let sold = 0;
  const visit = async (connection) => {
    const ask = async (...request) => {
      for (;;) {
        const answer = await connection.ask(requestOf(...request));
        if (![202, 429, 503].includes(answer.status)) return { ...answer, json: jsonOf(answer) };
        await pause(100);
      }
    };
    for (const fan of queue) {
      const joined = await ask('POST', line, fan.headers);
      // Nobody is let in once all is sold.
      if (joined.json.code === 'QUEUE_CLOSED') {
        counts.refused += 1;
        continue;
      }
      const headers = { ...fan.headers, 'queue-token': expecting(200, 201)(joined).json.token };
      while (expecting(200)(await ask('GET', line, headers)).json.status !== 'ACTIVE') await pause(100);
      let reservation = null;
      while (!reservation && sold < free.length) {
        const { scheduleId, seatId } = free[Math.floor(Math.random() * free.length)];
        // Most find a seat that is free, as who looks at the seats does; the rest come too late.
        const answer = await ask('POST', '/v1/reservations', headers, { scheduleId, seatIds: [seatId] });
        if (answer.status === 201) reservation = answer.json;
        else if (expecting(409)(answer).status === 409) counts.lost += 1;
      }
      if (!reservation) {
        counts.soldOut += 1;
        continue;
      }
      sold += 1;
      expecting(201)(await ask('POST', '/v1/wallet/top-ups', keyed(headers), { amount: PRICE }));
      expecting(200, 201)(await ask('POST', `/v1/reservations/${reservation.reservationId}/payment`, keyed(headers)));
      counts.tickets += 1;
    }
  };
  await Promise.all(connections.all.map(visit));
  connections.close();
  return counts;
}
