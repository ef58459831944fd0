#!/usr/bin/env node
// Buys one ticket through the public API, as a fan would, and says each step:
//   node deploy/buy-a-ticket.mjs [http://localhost:3000]
// Needs Node 18 or newer and nothing else. The system must run with AUTH_MODE=dev. Makes a concert of its own.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const base = (process.argv[2] ?? 'http://localhost:3000').replace(/\/$/, '');
const patienceMs = 60_000;

const organizer = await signIn(`organizer-${randomUUID()}`, ['organizer']);
const { concertId } = await call('POST', '/v1/admin/concerts', organizer, { title: 'One evening only' });
const startsAt = new Date(Date.now() + 30 * 24 * 60 * 60 * 1000).toISOString();
const blocks = [{ section: 'A', rows: 1, seatsPerRow: 4, price: 50_000 }];
const { scheduleId } = await call('POST', `/v1/admin/concerts/${concertId}/schedules`, organizer, { startsAt, blocks });
say(`concert ${concertId} is on sale`);

const fan = await signIn(`fan-${randomUUID()}`);
const inLine = { ...fan, 'queue-token': await stand(fan) };
const { balance } = await call('POST', '/v1/wallet/top-ups', fan, { amount: 60_000 });
say(`wallet topped up to ${balance}`);

const seat = await firstFreeSeat();
const reservation = await call('POST', '/v1/reservations', inLine, { scheduleId, seatIds: [seat.seatId] });
say(`seat ${seat.section}-${seat.row}-${seat.number} is held until ${reservation.expiresAt}`);
const payment = await call('POST', `/v1/reservations/${reservation.reservationId}/payment`, inLine);
expect('payment', payment.status, 'COMPLETED');
say(`payment ${payment.paymentId} is ${payment.status}, paid at ${payment.paidAt}`);

const bought = await call('GET', `/v1/reservations/${reservation.reservationId}`, fan);
expect('reservation', bought.status, 'CONFIRMED');
expect('balance', (await call('GET', '/v1/wallet', fan)).balance, balance - reservation.amount);
const spent = await request('GET', `/v1/concerts/${concertId}/schedules`, inLine);
expect('the spent queue token', spent.body?.code, 'TOKEN_EXPIRED');
say('the ticket is bought: reservation CONFIRMED, money taken once, queue token spent');

async function signIn(userId, roles) {
  const { accessToken } = await call('POST', '/v1/dev/sign-in', {}, { userId, ...(roles && { roles }) });
  return { authorization: `Bearer ${accessToken}` };
}

/** Joins the line and waits for the turn. A concert made just now may not be known to the queue yet. */
async function stand(visitor) {
  const path = `/v1/concerts/${concertId}/queue-token`;
  let place = await until(async () => {
    const { status, body } = await request('POST', path, visitor);
    return status < 300 && body;
  }, 'a place in line');
  say(`place ${place.queueNumber} in line, ${place.status}`);
  await until(async () => {
    place = await call('GET', path, { ...visitor, 'queue-token': place.token });
    return place.status === 'ACTIVE';
  }, 'an active queue token');
  say(`it is our turn until ${place.expiresAt}`);
  return place.token;
}

async function firstFreeSeat() {
  return until(async () => {
    const { items } = await call('GET', `/v1/concerts/${concertId}/schedules/${scheduleId}/seats`, inLine);
    return items[0];
  }, 'a free seat');
}

/** A request to its decision: what is not decided yet (202, 503) is sent again with the same key. */
async function call(method, path, headers, body) {
  const idempotent = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
  return until(async () => {
    const answer = await request(method, path, { ...headers, ...idempotent }, body);
    if (answer.status === 202 || answer.status === 503) return false;
    if (answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }, `${method} ${path}`);
}

async function request(method, path, headers, body) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(base + path, {
    method,
    headers: { ...headers, ...json },
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

async function until(attempt, what) {
  const end = performance.now() + patienceMs;
  for (;;) {
    const result = await attempt();
    if (result) return result;
    if (performance.now() > end) throw new Error(`no ${what} within ${patienceMs / 1000} s`);
    await pause(500);
  }
}

function expect(what, actual, wanted) {
  if (actual !== wanted) throw new Error(`${what} is ${actual}, not ${wanted}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
