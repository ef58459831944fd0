// How long after a place was left or spent through one gateway another still takes its token: ms from the client's answer on,
// beside bare hops through the same Kafka.
import { createRequire } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';

const { Kafka, logLevel, Partitioners } = createRequire(import.meta.url)('kafkajs');

/** Between two looks at the other gateway: the figures are that much too high at most. */
const LOOK_MS = 5;
const PRICE = 1_000;
const CONNECTIONS = 4;

async function call(base, method, path, headers, body) {
  const response = await fetch(base + path, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    body: body ? JSON.stringify(body) : undefined,
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function expected(answer, ...statuses) {
  const { status, body } = await answer;
  if (!statuses.includes(status)) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}

export async function each(items, work, connections = CONNECTIONS) {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

/** Send to receive, one record after the other, ms. */
async function bareHops({ brokers }, run, count) {
  const kafka = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })];
  const consumer = kafka.consumer({ groupId: `bench-${run}` });
  const topic = `bench-${run}`;
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  let received = () => undefined;
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async () => received() });
  const times = [];
  for (let sent = -1; sent < count; sent += 1) {
    const arrival = new Promise((resolve) => (received = resolve));
    const from = performance.now();
    await producer.send({ topic, messages: [{ value: 'x' }] });
    await arrival;
    // The first waits for the group to form.
    if (sent >= 0) times.push(performance.now() - from);
  }
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  return times;
}

/** @returns ms of bare hops, and until the other gateway of `system` refused what was left, and what was spent, at the first */
export async function endings(system, { leavers: users }) {
  const [here, there] = system.gateways;
  const run = Date.now().toString(36);
  const hops = await bareHops(system.kafka, run, users);
  const signIn = async (userId, roles) => {
    const { accessToken } = await expected(call(here, 'POST', '/v1/dev/sign-in', {}, { userId, roles }), 200);
    return { authorization: `Bearer ${accessToken}` };
  };
  const organizer = await signIn(`bench-${run}`, ['organizer']);
  const { concertId } = await expected(
    call(here, 'POST', '/v1/admin/concerts', organizer, { title: `Endings ${run}` }),
    201,
  );
  const blocks = [{ section: 'A', rows: Math.ceil(users / 100), seatsPerRow: 100, price: PRICE }];
  const startsAt = new Date(Date.now() + 30 * 86_400_000).toISOString();
  const { scheduleId } = await expected(
    call(here, 'POST', `/v1/admin/concerts/${concertId}/schedules`, organizer, { startsAt, blocks }),
    201,
  );
  const placePath = `/v1/concerts/${concertId}/queue-token`;

  const untilRefusedThere = async (headers) => {
    const from = performance.now();
    while ((await call(there, 'GET', placePath, headers)).status !== 401) await pause(LOOK_MS);
    return performance.now() - from;
  };

  /** Fans who are ACTIVE, as both gateways see them. */
  const activeFans = async (kind) => {
    const fans = Array.from({ length: users }, (_, index) => ({ index, userId: `${kind}-${run}-${index}` }));
    await each(fans, async (fan) => {
      const bearer = await signIn(fan.userId);
      const { token } = await expected(call(here, 'POST', placePath, bearer), 200, 201);
      fan.headers = { ...bearer, 'queue-token': token };
    });
    await each(fans, async ({ headers }) => {
      while ((await expected(call(there, 'GET', placePath, headers), 200)).status !== 'ACTIVE') await pause(200);
    });
    return fans;
  };

  const left = [];
  await each(await activeFans('leaver'), async ({ headers }) => {
    await expected(call(here, 'DELETE', placePath, headers), 204);
    left.push(await untilRefusedThere(headers));
  });

  const buyers = await activeFans('buyer');
  const seats = await expected(
    call(here, 'GET', `/v1/concerts/${concertId}/schedules/${scheduleId}/seats`, buyers[0].headers),
    200,
  );
  await each(buyers, async (fan) => {
    const key = { ...fan.headers, 'idempotency-key': 'bench' };
    await expected(call(here, 'POST', '/v1/wallet/top-ups', key, { amount: PRICE }), 201);
    const seatIds = [seats.items[fan.index].seatId];
    fan.held = await expected(call(here, 'POST', '/v1/reservations', fan.headers, { scheduleId, seatIds }), 201);
  });
  const spent = [];
  await each(buyers, async ({ headers, held }) => {
    await expected(call(here, 'POST', `/v1/reservations/${held.reservationId}/payment`, headers), 201);
    spent.push(await untilRefusedThere(headers));
  });
  return { hops, left, spent };
}
