// A simple closed-loop load over a running system (`npm start`): users join one concert's queue, and once they are let in
// each holds a seat of its own, tops up and pays. Prints what each stage did a second, with p50 and p99 of its latency.
// It shares the machine with everything it measures: read the figures beside the number of cores.
//
//   node bench/purchase.mjs [--users 1000] [--connections 100] [--url http://127.0.0.1:3000]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '100' },
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
  },
});
const users = Number(values.users);
const connections = Number(values.connections);
const run = Date.now().toString(36);

async function call(method, path, expected, { body, headers } = {}) {
  const response = await fetch(values.url + path, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  if (!expected.includes(response.status)) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

const bearer = async (userId, roles) => {
  const { accessToken } = await call('POST', '/v1/dev/sign-in', [200], { body: { userId, roles } });
  return { authorization: `Bearer ${accessToken}` };
};

/** Runs `work` for every item, `connections` at a time, and prints the rate. Failures are counted, and shown once. */
async function stage(name, items, work) {
  const latencies = [];
  const failures = [];
  const queue = items.values();
  const started = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (const item of queue) {
        const begin = performance.now();
        try {
          await work(item);
          latencies.push(performance.now() - begin);
        } catch (error) {
          failures.push(error);
        }
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share) => (latencies[Math.floor(latencies.length * share)] ?? NaN).toFixed(0);
  const rate = (latencies.length / seconds).toFixed(0);
  console.log(
    `${name.padEnd(10)} ${rate.padStart(6)}/s   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms   ${failures.length} failed`,
  );
  if (failures.length > 0) console.log(`           ${failures[0].message}`);
}

console.log(`${users} users, ${connections} connections, ${cpus().length} cores shared by everything`);
const organizer = await bearer('bench-organizer', ['organizer']);
const { concertId } = await call('POST', '/v1/admin/concerts', [201], {
  headers: organizer,
  body: { title: `Load ${run}` },
});
const seatsPerRow = 100;
const { scheduleId } = await call('POST', `/v1/admin/concerts/${concertId}/schedules`, [201], {
  headers: organizer,
  body: {
    startsAt: new Date(Date.now() + 30 * 86_400_000).toISOString(),
    blocks: [{ section: 'A', rows: Math.ceil(users / seatsPerRow), seatsPerRow, price: 1000 }],
  },
});

const fans = Array.from({ length: users }, (_, index) => ({ userId: `bench-${run}-${index}`, index }));
await stage('sign-in', fans, async (fan) => {
  fan.headers = await bearer(fan.userId);
});
await stage('join', fans, async (fan) => {
  fan.place = await call('POST', `/v1/concerts/${concertId}/queue-token`, [200, 201], { headers: fan.headers });
});
const place = (fan) => ({ ...fan.headers, 'queue-token': fan.place.token });
for (let waiting = fans; waiting.length > 0; waiting = waiting.filter((fan) => fan.place.status !== 'ACTIVE')) {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await stage('poll', waiting, async (fan) => {
    fan.place = await call('GET', `/v1/concerts/${concertId}/queue-token`, [200], { headers: place(fan) });
  });
}
const { items } = await call('GET', `/v1/concerts/${concertId}/schedules/${scheduleId}/seats`, [200], {
  headers: place(fans[0]),
});
await stage('seats', fans, (fan) =>
  call('GET', `/v1/concerts/${concertId}/schedules/${scheduleId}/seats?section=none`, [200], { headers: place(fan) }),
);
await stage('hold', fans, async (fan) => {
  const body = { scheduleId, seatIds: [items[fan.index].seatId] };
  fan.reservation = await call('POST', '/v1/reservations', [201], { headers: place(fan), body });
});
await stage('top-up', fans, (fan) =>
  call('POST', '/v1/wallet/top-ups', [201], {
    headers: { ...fan.headers, 'idempotency-key': 'first' },
    body: { amount: 5000 },
  }),
);
await stage('pay', fans, (fan) =>
  call('POST', `/v1/reservations/${fan.reservation.reservationId}/payment`, [201], { headers: place(fan) }),
);
