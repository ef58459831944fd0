// What a forged queue token costs the gateway, and what is left for honest visitors, beside a bare handler that answers
// with as many bytes. Three ways, no Kafka (nothing forged gets that far): the verifying code alone; whole requests without
// sockets, the cheapest of many short runs, which a busy machine disturbs least; and over HTTP, against processes of their
// own. CPU is what the measured process itself used (`process.cpuUsage`). Over HTTP an idle client has to be woken for each
// answer, so compare only what ran at the same rate; and generator and servers share the cores.
//
//   npm run build && node bench/forged-tokens.mjs [--seconds 2] [--connections 32] [--rate 3000] [--forged 10000]
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import inject from 'light-my-request';

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist/gateway');
const concertId = '0190a000-0000-7000-8000-000000000001';
const SHORT_RUNS = 60;
const SHORT_RUN_REQUESTS = 500;
const TURNS = 3;
const WARM_UP_MS = 500;
const path = `/v1/concerts/${concertId}/queue-token`;

async function bench() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '2' },
      connections: { type: 'string', default: '32' },
      rate: { type: 'string', default: '3000' },
      forged: { type: 'string', default: '10000' },
    },
  });
  const [seconds, connections, rate, forgedRate] = ['seconds', 'connections', 'rate', 'forged'].map((name) =>
    Number(values[name]),
  );
  console.log(`${cpus().length} cores shared by everything, ${connections} connections, ${seconds} s each\n`);
  await verificationAlone();
  await withoutSockets();

  const [bare, gateway] = [await started('bare'), await started('gateway')];
  const loads = {
    'bare node:http, 401 of the same size': [bare, () => bare.forged()],
    'gateway, forged queue token': [gateway, () => gateway.forged()],
    'gateway, accepted poll': [gateway, () => gateway.accepted],
  };
  await inTurns(loads, { seconds, connections, rate });

  console.log(`\naccepted polls while ${forgedRate} forged tokens a second are offered`);
  await mixed(gateway, { seconds, connections, forgedRate });
  for (const server of [bare, gateway]) server.stop();
}

/** The code that verifies, and nothing around it: µs of CPU a token. */
async function verificationAlone() {
  const { QueueTokens } = await import(join(dist, 'src/admission/queue-token.js'));
  const { aKeyRing, aToken } = await import(join(dist, 'test/admission-builders.js'));
  const tokens = new QueueTokens(aKeyRing('k1', 'k0'));
  const good = tokens.sign(aToken({ userId: 'bench-user' }));
  const count = 100_000;
  const signed = Array.from({ length: count }, (_, queueNumber) =>
    tokens.sign(aToken({ userId: 'bench-user', queueNumber: queueNumber + 1 })),
  );
  const cases = {
    'not of our shape': Array.from({ length: count }, (_, index) => `nonsense.${index}.${'x'.repeat(200)}`),
    'of a key that is not ours': signed.map((token) => token.replace('v1.k1.', 'v1.k9.')),
    'with another signature': signed.map(forgedFrom),
    'signed by us, seen first': signed,
    'signed by us, seen before': signed.map(() => good),
  };
  console.log('verification alone                                                  CPU µs each');
  for (const [name, list] of Object.entries(cases)) {
    tokens.verify(list[0]);
    const before = process.cpuUsage();
    for (const token of list) tokens.verify(token);
    const { user, system } = process.cpuUsage(before);
    console.log(`${name.padEnd(64)} ${((user + system) / count).toFixed(2).padStart(14)}`);
  }
}

/** Whole requests through the handlers of both servers, in this process: µs of CPU each, of the cheapest run. */
async function withoutSockets() {
  const { gateway, authorization, token } = await aGateway();
  const headersWith = (queueToken) => ({ authorization, 'queue-token': queueToken });
  const ways = {
    'bare handler, 401 of the same size': (forged) =>
      inject(answerBare, { method: 'GET', url: path, headers: headersWith(forged) }),
    'gateway, forged queue token': (forged) =>
      gateway.request({ method: 'GET', url: path, headers: headersWith(forged) }),
    'gateway, accepted poll': () => gateway.request({ method: 'GET', url: path, headers: headersWith(token) }),
  };
  const cheapest = Object.fromEntries(Object.keys(ways).map((name) => [name, Infinity]));
  for (let run = 0; run < SHORT_RUNS; run += 1) {
    for (const [name, ask] of Object.entries(ways)) {
      const forged = Array.from({ length: SHORT_RUN_REQUESTS }, () => forgedFrom(token));
      const before = process.cpuUsage();
      for (const one of forged) await ask(one);
      const { user, system } = process.cpuUsage(before);
      cheapest[name] = Math.min(cheapest[name], (user + system) / SHORT_RUN_REQUESTS);
    }
  }
  console.log('\nwhole requests without sockets                                    CPU µs each');
  for (const [name, cpu] of Object.entries(cheapest)) console.log(`${name.padEnd(64)} ${cpu.toFixed(1).padStart(14)}`);
  await gateway.stop();
}

/** The same token with its MAC made up. */
function forgedFrom(token) {
  return `${token.slice(0, token.lastIndexOf('.'))}.${randomBytes(32).toString('base64url')}`;
}

/** A server in a process of its own, what to send to it, and the CPU it used so far (µs). */
async function started(kind) {
  const child = fork(fileURLToPath(import.meta.url), [kind]);
  const next = () => new Promise((resolve) => child.once('message', resolve));
  const { port, authorization, token } = await next();
  const request = (queueToken) =>
    `GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: ${authorization}\r\nQueue-Token: ${queueToken}\r\n\r\n`;
  return {
    port,
    accepted: request(token),
    forged: () => request(forgedFrom(token)),
    cpu: () => {
      child.send('cpu');
      return next();
    },
    stop: () => child.disconnect(),
  };
}

/** Each load several times in turns, so that whatever else the machine does meets all of them. Prints the medians. */
async function inTurns(loads, { seconds, connections, rate }) {
  const runs = Object.fromEntries(Object.keys(loads).map((name) => [name, []]));
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, [server, request]] of Object.entries(loads)) {
      const load = await offered(server.port, request, connections, rate);
      await pause(WARM_UP_MS);
      const { rates, share } = await counted(server, seconds, [load]);
      load.stop();
      runs[name].push({ rate: rates[0], cpu: (share * 1e6) / rates[0], statuses: load.statuses() });
    }
  }
  console.log('\nover HTTP, all at the same rate                       answers/s   CPU µs each   status');
  for (const [name, list] of Object.entries(runs)) {
    const [answered, cpu] = ['rate', 'cpu'].map((member) => median(list.map((run) => run[member])));
    console.log(
      `${name.padEnd(52)} ${answered.toFixed(0).padStart(10)} ${cpu.toFixed(1).padStart(13)}   ${list[0].statuses}`,
    );
  }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** Polls in a closed loop, alone and beside the forged ones, in turns; medians of the rates. */
async function mixed(server, { seconds, connections, forgedRate }) {
  const runs = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const polls = await offered(server.port, () => server.accepted, connections);
    await pause(WARM_UP_MS);
    const alone = await counted(server, seconds, [polls]);
    const forged = await offered(server.port, () => server.forged(), connections, forgedRate);
    await pause(WARM_UP_MS);
    const beside = await counted(server, seconds, [polls, forged]);
    polls.stop();
    forged.stop();
    runs.push({ alone, beside, kept: beside.rates[0] / alone.rates[0] });
  }
  const kept = median(runs.map((run) => run.kept));
  const { alone, beside } = runs.find((run) => run.kept === kept);
  const share = (part) => `${(100 * part).toFixed(0)} %`;
  console.log(
    `polls alone           ${alone.rates[0].toFixed(0)}/s; gateway ${share(alone.share)}, generator ${share(alone.generator)} of a core`,
  );
  console.log(
    `polls beside forged   ${beside.rates[0].toFixed(0)}/s: ${share(kept)} kept; gateway ${share(beside.share)}, generator ${share(beside.generator)} of a core`,
  );
  console.log(`forged answered       ${beside.rates[1].toFixed(0)}/s`);
}

/** Rates of the loads over `seconds`, and the share of a core that the server and this process used. */
async function counted(server, seconds, loads) {
  const cpu = await server.cpu();
  const own = process.cpuUsage();
  const answered = loads.map((load) => load.answered());
  const begin = performance.now();
  await pause(seconds * 1000);
  const elapsed = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(own);
  return {
    rates: loads.map((load, index) => (load.answered() - answered[index]) / elapsed),
    share: ((await server.cpu()) - cpu) / 1e6 / elapsed,
    generator: (user + system) / 1e6 / elapsed,
  };
}

/**
 * Keeps `connections` open, one request at a time on each; with `perSecond` no more than that many are sent.
 * Plain sockets: an HTTP client would cost more than what is measured.
 */
async function offered(port, request, connections, perSecond = Infinity) {
  let answered = 0;
  let allowed = perSecond === Infinity ? Infinity : 0;
  const idle = [];
  const statuses = new Set();
  const ask = (socket) => {
    if (allowed < 1) return idle.push(socket);
    allowed -= 1;
    return socket.write(request());
  };
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(port)));
  for (const socket of sockets) {
    let rest = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      rest += chunk;
      const head = rest.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(rest.slice(0, head))?.[1]);
      if (rest.length < head + 4 + length) return;
      statuses.add(rest.slice(9, 12));
      rest = '';
      answered += 1;
      ask(socket);
    });
    ask(socket);
  }
  // What could not be sent in time is not made up for later.
  let last = performance.now();
  const timer =
    perSecond === Infinity
      ? undefined
      : setInterval(() => {
          const now = performance.now();
          allowed = Math.min(perSecond / 10, allowed + ((now - last) / 1000) * perSecond);
          last = now;
          while (allowed >= 1 && idle.length > 0) ask(idle.pop());
        }, 1);
  const stop = () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  };
  return { answered: () => answered, statuses: () => [...statuses].join(), stop };
}

function opened(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The process that is measured. */
async function serve(kind) {
  process.on('disconnect', () => process.exit());
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send(user + system);
  });
  process.send(await (kind === 'bare' ? serveBare() : serveGateway()));
}

const body = JSON.stringify({ code: 'INVALID_TOKEN', detail: 'x'.repeat(350) });
const bareHeaders = { 'Content-Type': 'application/problem+json; charset=utf-8', 'Content-Length': body.length };

function answerBare(_request, response) {
  response.writeHead(401, bareHeaders).end(body);
}

async function serveBare() {
  const server = createServer(answerBare);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const token = `v1.k1.${'x'.repeat(250)}.x`;
  return { port: server.address().port, authorization: `Bearer ${'x'.repeat(250)}`, token };
}

async function serveGateway() {
  const { gateway, authorization, token } = await aGateway();
  return { port: await gateway.listen(), authorization, token };
}

/** The whole gateway but its messaging, with one visitor in line whom it knows. */
async function aGateway() {
  const { GatewayUnderTest } = await import(join(dist, 'test/gateway-under-test.js'));
  const { aSnapshot, aToken } = await import(join(dist, 'test/admission-builders.js'));
  const { QueueTokens } = await import(join(dist, 'src/admission/queue-token.js'));
  const gateway = await GatewayUnderTest.start();
  const now = Date.now();
  gateway.feed.publish(aSnapshot({ at: new Date(now).toISOString() }));
  const hour = 3_600_000;
  const token = gateway.app.get(QueueTokens).sign(aToken({ expiresAt: now + hour, leaseUntil: now + hour }));
  const { authorization } = await gateway.bearer('ann');
  await gateway.request({ method: 'GET', url: path, headers: { authorization, 'queue-token': token } });
  return { gateway, authorization, token };
}

if (process.send) await serve(process.argv[2]);
else await bench();
