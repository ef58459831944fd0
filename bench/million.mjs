// A million join one concert, and some of them ask through two gateways for their places: every answer is checked.
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { commandsTo } from './commands.mjs';

/** Joins that may wait in the topic, so that those who join over HTTP are answered within their wait. */
const MOST_WAITING = 4_000;
const CHUNK = 1_000;
/** Joins over HTTP, and polls, that are on their way at once. */
const CONNECTIONS = 32;

/** A seeded choice, the same in each run (mulberry32). */
function chanceOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

function call(base, method, path, headers) {
  const from = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(base + path, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => {
        const now = performance.now();
        resolve({ status: response.statusCode, body: text && JSON.parse(text), from, now, ms: now - from });
      });
    });
    sent.on('error', reject).end();
  });
}

/** What visitors are told, and what of it cannot be true. */
export class Referee {
  violations = [];
  checked = 0;
  /** By gateway: the highest number that was told ACTIVE, and from when on nobody before it may wait there. */
  served = new Map();

  /** @param answer of a poll or join that was sent at `from` and came at `now` */
  hear(visitor, gateway, { from, now, body: { status, position, queueNumber } }) {
    this.checked += 1;
    const tell = (what) =>
      this.violations.push(`${what}: ${JSON.stringify({ ...visitor, token: '…', status, position })}`);
    if (visitor.queueNumber !== undefined && visitor.queueNumber !== queueNumber) tell('I11 another number');
    if (visitor.status === 'ACTIVE' && status === 'WAITING') tell('I2 waits after its turn');
    if ((status === 'ACTIVE') !== (position === 0)) tell('I5 a position of 0 is that of ACTIVE alone');
    if (position !== null && visitor.position !== undefined && position > visitor.position) tell('I5 a position rose');
    const { number, since } = this.served.get(gateway) ?? { number: 0, since: Infinity };
    if (status === 'WAITING' && queueNumber < number && from > since) tell(`I2 waits behind number ${number}`);
    if (status === 'ACTIVE' && queueNumber > number) this.served.set(gateway, { number: queueNumber, since: now });
    Object.assign(visitor, { status, queueNumber, position: position ?? visitor.position });
  }
}

export async function million({ system, testing, options, print, at }) {
  const { waiting, polling, minutes, seed } = options;
  const { aConcertWith, rowsOf } = testing;
  const chance = chanceOf(seed);
  const { concertId } = await aConcertWith(system, { seats: 1 });
  const path = `/v1/concerts/${concertId}/queue-token`;
  const room = async () => {
    const sql = 'select last_number, serving_number from queue.waiting_room where concert_id = $1';
    return (await rowsOf(system.adminDatabaseUrl, sql, [concertId]))[0];
  };
  const referee = new Referee();
  const joinTimes = [];
  const join = async (visitor) => {
    const { headers } = await system.api.signIn(visitor.userId);
    visitor.authorization = headers.authorization;
    const gateway = system.gateways[Math.floor(chance() * system.gateways.length)];
    for (;;) {
      const answer = await call(gateway, 'POST', path, { authorization: visitor.authorization });
      if (answer.status === 503) continue;
      if (answer.status !== 200 && answer.status !== 201)
        throw new Error(`a join: ${answer.status} ${JSON.stringify(answer.body)}`);
      joinTimes.push(answer.ms);
      visitor.token = answer.body.token;
      return referee.hear(visitor, gateway, answer);
    }
  };

  // Half of the visitors come among the first, so that their turn comes too; the others anywhere.
  const early = Math.min(waiting, 5_000 * Math.ceil((minutes * 60) / 5));
  const visitors = Array.from({ length: polling }, (_, n) => {
    return { userId: `visitor-${n}`, after: Math.floor(chance() * (n % 2 ? early : waiting)) };
  }).sort((one, other) => one.after - other.after);
  const sender = await commandsTo(system);
  const began = performance.now();
  const coming = [...visitors];
  let given = 0;
  for (let sent = 0; sent < waiting - polling; sent += CHUNK) {
    await sender.join(Array.from({ length: CHUNK }, (_, n) => [concertId, `fan-${sent + n}`]));
    while (sent + CHUNK - given > MOST_WAITING) given = (await room()).last_number;
    const now = coming.findIndex(({ after }) => after > sent);
    await Promise.all(coming.splice(0, now < 0 ? coming.length : now).map(join));
  }
  await Promise.all(coming.map(join));
  while ((await room()).last_number < waiting - (waiting % CHUNK)) await pause(50);
  const arrival = performance.now() - began;
  await sender.close();
  print({
    name: 'queue.million.joins',
    figure: (1_000 * waiting) / arrival,
    unit: 'joins/s',
    waiting,
    seed,
    overHttp: polling,
    times: joinTimes,
  });

  const { serving_number: servedBefore } = await room();
  const pollTimes = [];
  const from = performance.now();
  const until = from + minutes * 60_000;
  const poll = async () => {
    while (performance.now() < until) {
      const visitor = visitors[Math.floor(chance() * visitors.length)];
      if (visitor.asking || visitor.gone) continue;
      visitor.asking = true;
      const gateway = system.gateways[Math.floor(chance() * system.gateways.length)];
      const answer = await call(gateway, 'GET', path, {
        authorization: visitor.authorization,
        'queue-token': visitor.token,
      });
      visitor.asking = false;
      pollTimes.push(answer.ms);
      if (answer.status === 200) {
        visitor.token = answer.body.token;
        referee.hear(visitor, gateway, answer);
      } else if (visitor.status === 'ACTIVE' && answer.body.reason === 'PASS_ENDED') visitor.gone = true;
      else referee.violations.push(`I3 ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, poll));
  const seconds = (performance.now() - from) / 1_000;
  const { serving_number: servedNow } = await room();
  const ticks = await rowsOf(
    system.adminDatabaseUrl,
    `select extract(epoch from at - lag(at) over (order by at)) * 1000 - 5000 as late, activated
     from queue.activation_log where concert_id = $1 order by at`,
    [concertId],
  );
  const late = ticks.slice(1).map((tick) => Number(tick.late));
  print({
    name: 'queue.million.polls',
    figure: pollTimes.length / seconds,
    unit: 'polls/s',
    polling,
    minutes,
    times: pollTimes,
  });
  print({ name: 'queue.million.ticks', figure: at(late, 0.99), unit: 'ms late', times: late, count: ticks.length });
  print({ name: 'queue.million.served', figure: servedNow - servedBefore, unit: 'places while polled' });
  const active = visitors.filter(({ status }) => status === 'ACTIVE').length;
  print({
    name: 'queue.million.checked',
    figure: referee.checked,
    unit: 'answers',
    violations: referee.violations.length,
    active,
  });
  for (const violation of referee.violations.slice(0, 20)) console.error(violation);
  if (referee.violations.length > 0) process.exitCode = 1;
}
