import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  type AConcert,
  aConcertWith,
  allSeats,
  anActiveFan,
  type ApiClient,
  type AQueueingFan,
  expectProblem,
  expectStatus,
  startSystem,
  type System,
} from '#testing';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a request that no good client sends', () => {
  let system: System;
  let concert: AConcert;
  let fan: AQueueingFan;
  let organizer: ApiClient;

  beforeAll(async () => {
    system = await startSystem();
    concert = await aConcertWith(system, { seats: 10 });
    fan = await anActiveFan(system, concert);
    organizer = await system.api.signIn('the-organizer', ['organizer']);
  });
  afterAll(() => system.stop());

  const topUp = (body: string, headers = {}) =>
    fan.api.send('POST', '/v1/wallet/top-ups', body, { ...JSON_TYPE, 'idempotency-key': randomUUID(), ...headers });

  it('to an address that does not exist is not found', async () => {
    for (const path of ['/v1', '/v1/nothing', '/v2/wallet', '/v1/wallet/', '/', '/v1/WALLET', '/v1//wallet']) {
      expectProblem(await fan.api.get(path), 'NOT_FOUND');
      expectProblem(await fan.api.post(path, { any: 'thing' }), 'NOT_FOUND');
    }
  });

  it('for an id that nobody was given, of whatever version, is not found', async () => {
    for (const id of ['00000000-0000-0000-0000-000000000001', '11111111-1111-1111-1111-111111111111', randomUUID()]) {
      expectProblem(await fan.api.get(`/v1/concerts/${id}`), 'CONCERT_NOT_FOUND');
      expectProblem(await fan.api.post(`/v1/concerts/${id}/queue-token`), 'CONCERT_NOT_FOUND');
    }
  });

  it('with a method that the address does not take is told which it takes', async () => {
    const taken: [string, string[]][] = [
      ['/v1/wallet', ['GET']],
      ['/v1/wallet/top-ups', ['POST']],
      ['/v1/reservations', ['GET', 'POST']],
      [`/v1/concerts/${concert.concertId}/queue-token`, ['DELETE', 'GET', 'POST']],
      ['/openapi.json', ['GET']],
    ];
    for (const [path, methods] of taken) {
      for (const method of ['PUT', 'PATCH', 'DELETE', 'POST', 'GET'].filter((one) => !methods.includes(one))) {
        const answer = await fan.api.send(method, path);
        expectProblem(answer, 'METHOD_NOT_ALLOWED');
        const allowed = (answer.headers.get('allow') ?? '').split(/, */).filter((one) => !/HEAD|OPTIONS/.test(one));
        expect({ path, allowed: allowed.sort() }).toEqual({ path, allowed: methods });
      }
    }
  });

  it('with a body that is not JSON in UTF-8 is refused by its type', async () => {
    const body = '{"amount":5}';
    const types = [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'application/json; charset=latin1',
      'application/json; charset=utf-16',
      'application/jsonx',
      'nonsense',
    ];
    for (const type of types) expectProblem(await topUp(body, { 'content-type': type }), 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(await topUp(body, { 'content-encoding': 'gzip' }), 'UNSUPPORTED_MEDIA_TYPE');
    expectStatus(await topUp(body, { 'content-type': 'application/json; charset=utf-8' }), 201);
  });

  it('with a body over 64 KiB is too large', async () => {
    const long = (bytes: number) => {
      const start = '{"title":"';
      return `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
    };
    const send = (bytes: number) => organizer.send('POST', '/v1/admin/concerts', long(bytes), JSON_TYPE);
    expectProblem(await send(64 * 1024 + 1), 'PAYLOAD_TOO_LARGE');
    expectProblem(await send(1024 * 1024), 'PAYLOAD_TOO_LARGE');
    expectProblem(await send(64 * 1024), 'INVALID_REQUEST');
  });

  it('with broken JSON is not valid', async () => {
    const bodies = [
      '{',
      '{"amount":5',
      '{"amount":5}}',
      "{'amount':5}",
      'amount=5',
      '\u0000',
      '{"amount":01}',
      '{"amount":NaN}',
    ];
    for (const body of bodies) expectProblem(await topUp(body), 'INVALID_REQUEST');
    for (const body of ['', 'null', '[]', '"5"', '5', 'true']) expectProblem(await topUp(body), 'INVALID_REQUEST');
    const polluting = ['{"amount":5,"__proto__":{"admin":true}}', '{"amount":5,"constructor":{"prototype":{}}}'];
    for (const body of polluting) expectProblem(await topUp(body), 'INVALID_REQUEST');
    const notUtf8 = await raw(
      `POST /v1/dev/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n`,
      Buffer.concat([Buffer.from('{"userId":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]),
    );
    expect(notUtf8).toMatch(/^HTTP\/1\.1 400 /);
    expect(notUtf8).toContain('"code":"INVALID_REQUEST"');
  });

  it('with an unknown or doubled member, or one of another type, lists what is wrong', async () => {
    const { errors } = expectProblem(
      await fan.api.post('/v1/reservations', { scheduleId: 7, seatIds: [randomUUID(), 'seat'], price: 1 }),
      'INVALID_REQUEST',
    );
    expect(errors!.map(({ path }) => path).sort()).toEqual(['price', 'scheduleId', 'seatIds.1']);
    expectProblem(await fan.api.post(`/v1/reservations/${randomUUID()}/payment`, { amount: 1 }), 'INVALID_REQUEST');
    expectProblem(await fan.api.get('/v1/wallet?userId=somebody-else'), 'INVALID_REQUEST');
    expectProblem(await fan.api.get('/v1/reservations?limit=1&limit=2'), 'INVALID_REQUEST');
  });

  it('with ids that are not UUIDs, twice the same seat, or too few or many seats holds nothing', async () => {
    const { scheduleId } = concert;
    const seats = await allSeats(system, concert);
    const [seat = ''] = seats;
    const wishes: unknown[] = [
      [],
      [seat, seat],
      [seat, seat.toUpperCase()],
      [...seats, randomUUID()],
      'all',
      seat,
      { 0: seat },
      [null],
      [[seat]],
      [`${seat} `],
      [seat.replaceAll('-', '')],
    ];
    for (const seatIds of wishes) {
      expectProblem(await fan.api.post('/v1/reservations', { scheduleId, seatIds }), 'INVALID_REQUEST');
    }
    for (const id of ['1', 'null', '..%2f..%2fwallet', '%00', `${scheduleId}0`, '%F0%9F%8E%AB']) {
      expectProblem(await fan.api.get(`/v1/reservations/${id}`), 'INVALID_REQUEST');
    }
    for (const id of ['%', '%zz', '%C3%28', 'x'.repeat(3_000)]) {
      const answer = await fan.api.get(`/v1/reservations/${id}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    expectStatus(await fan.api.post('/v1/reservations', { scheduleId, seatIds: [seat] }), 201);
  });

  it('may write its UUIDs in capitals', async () => {
    const [, seat = ''] = await allSeats(system, concert);
    const body = { scheduleId: concert.scheduleId.toUpperCase(), seatIds: [seat.toUpperCase()] };
    const key = { 'idempotency-key': randomUUID() };
    const held = expectStatus(await fan.api.post('/v1/reservations', body, key), 201);
    expect(held).toMatchObject({ scheduleId: concert.scheduleId, seats: [{ seatId: seat }] });
    const path = (id: string) => `/v1/reservations/${id}`;
    expectStatus(await fan.api.get(path(held.reservationId.toUpperCase())), 200);
    const same = { scheduleId: concert.scheduleId, seatIds: [seat] };
    const again = await fan.api.post('/v1/reservations', same, key);
    expect(expectStatus(again, 201).reservationId).toBe(held.reservationId);
    expectStatus(await fan.api.post(`${path(held.reservationId.toUpperCase())}/cancel`), 200);
    const dates = `/v1/concerts/${concert.concertId.toUpperCase()}/schedules`;
    expectStatus(await fan.api.get(dates), 200);
  });

  it('with control characters or broken text in it is refused before any of it is stored', async () => {
    const texts = ['a\u0000b', '\u0000', 'line\r\nbreak', 'tab\t', '\u007f', '\ud800', 'x\udfff'];
    for (const title of texts) {
      expectProblem(await organizer.post('/v1/admin/concerts', { title }), 'INVALID_REQUEST');
      expectProblem(await system.api.post('/v1/dev/sign-in', { userId: title }), 'INVALID_REQUEST');
    }
    const seats = `/v1/admin/schedules/${concert.scheduleId}/seats`;
    const [seat] = await allSeats(system, concert);
    const blocking = { seatIds: [seat], blocked: true, reason: 'a\u0000b' };
    expectProblem(await organizer.patch(seats, blocking), 'INVALID_REQUEST');
    const query = `/v1/concerts/${concert.concertId}/schedules/${concert.scheduleId}/seats?section=%00`;
    expectProblem(await fan.api.get(query), 'INVALID_REQUEST');
    const title = 'Ünïcode 🎫 "quoted" \\ <b>';
    const { concertId } = expectStatus(await organizer.post('/v1/admin/concerts', { title }), 201);
    expect(expectStatus(await system.api.get(`/v1/concerts/${concertId}`), 200).title).toBe(title);
  });

  it('cannot put headers of its own into the answer', async () => {
    const injected = '%0d%0aSet-Cookie:%20admin=1';
    const paths = [`/v1/nothing${injected}`, `/v1/reservations/x${injected}`, `/v1/concerts?cursor=x${injected}`];
    for (const path of paths) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(headOf(answer)).not.toMatch(/set-cookie/i);
    }
    for (const name of ['X-Request-Id', 'Idempotency-Key', 'Queue-Token', 'Authorization', 'Origin']) {
      for (const value of ['a\nSet-Cookie: admin=1', 'a\rSet-Cookie: admin=1', 'a\u0000b', 'ä€'.repeat(3)]) {
        const answer = await raw(
          `POST /v1/wallet/top-ups HTTP/1.1\r\nHost: x\r\n${name}: ${value}\r\nConnection: close\r\n\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
        expect(headOf(answer)).not.toMatch(/set-cookie/i);
      }
    }
  });

  it('that is hardly HTTP is answered with a problem, or cut', async () => {
    const requests = [
      'nonsense\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'FLY /v1/wallet HTTP/1.1\r\nHost: x\r\n\r\n',
      `GET /v1/wallet HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
      'POST /v1/wallet/top-ups HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
      'POST /v1/wallet/top-ups HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ];
    for (const request of requests) {
      const answer = await raw(request);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
      const { code } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as { code: string };
      expect(code).toBe('INVALID_REQUEST');
    }
    // Node itself refuses this one, with an empty body.
    expect(await raw('GET /v1/wallet HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const method = await raw('PROPFIND /v1/wallet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(method).toMatch(/^HTTP\/1\.1 405 /);
  });

  /** Writes bytes to the gateway's port and reads until it closes. */
  async function raw(head: string, body?: Buffer): Promise<string> {
    const { port, hostname } = new URL(system.gateway);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(head, 'latin1');
    if (body) socket.write(body);
    socket.setTimeout(8_000, () => socket.destroy(new Error(`no end of the answer to ${head.slice(0, 80)}`)));
    return text(socket);
  }
});

function headOf(answer: string): string {
  return answer.slice(0, answer.indexOf('\r\n\r\n'));
}
