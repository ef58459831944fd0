import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queue } from '#contracts';
import {
  type AConcert,
  aConcertWith,
  aFan,
  type AFan,
  allSeats,
  eventually,
  expectProblem,
  expectStatus,
  rowsOf,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { answered, expectRefusal, opsOf } from '../ops/command-line.js';

const FANS = 12;
const BATCH = 4;
const hour = 3_600_000;

const placeOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/queue-token`;
const datesOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/schedules`;
const queueOf = ({ concertId }: AConcert) => `/v1/concerts/${concertId}/queue`;

interface ARegisteredFan extends AFan {
  readonly registration: number;
  /** As it was issued before the draw. */
  readonly token: string;
}

describe('a pre-queue', () => {
  let system: System;
  let ops: ReturnType<typeof opsOf>;
  let concert: AConcert;
  let fans: ARegisteredFan[];
  /** Gave the first registration up, and has the last one since. */
  let changeable: ARegisteredFan;
  let seedHash: string;

  beforeAll(async () => {
    system = await startSystem({
      replicas: { gateway: 2 },
      settings: { QUEUE_TICK_MS: 500, QUEUE_ACTIVATION_BATCH: BATCH },
    });
    ops = opsOf(system);
    concert = await aConcertWith(system, { seats: 1, price: 700, salesOpenAt: new Date(Date.now() + hour) });
  });
  afterAll(() => system.stop());

  const rows = (sql: string, of = concert) => rowsOf(system.adminDatabaseUrl, sql, [of.concertId]);
  /** The hour until the sale passes. */
  const opens = async (of: AConcert) => {
    await rows('update concert.concert set sales_open_at = now() where id = $1', of);
    await rows('update queue.waiting_room set sales_open_at = now() where concert_id = $1', of);
  };
  const at = (gateway: number, { api }: AFan) => api.with({ baseUrl: system.gateways[gateway] ?? '' });
  const everywhere = (fan: AFan, path: string, token: string) =>
    Promise.all(system.gateways.map((_, gateway) => at(gateway, fan).get(path, { 'queue-token': token })));
  const documents = async (of = concert): Promise<any[]> => {
    const answers = system.gateways.map((baseUrl) => system.api.with({ baseUrl }).get(queueOf(of)));
    return (await Promise.all(answers)).map((answer) => expectStatus(answer, 200));
  };
  const published = (draw: object, of = concert) =>
    eventually(async () => {
      const shown = await documents(of);
      for (const document of shown) expect(document.draw).toMatchObject(draw);
      return shown;
    });
  const registers = async (fan: AFan, gateway: number, of = concert): Promise<ARegisteredFan> => {
    const answer = await eventually(async () => {
      const joined = await at(gateway, fan).post(placeOf(of));
      return joined.status !== 404 && joined;
    });
    const place = expectStatus(answer, 201);
    expect(place).toMatchObject({ status: 'PREQUEUE', queueNumber: null, position: null, estimatedWaitSeconds: null });
    expect(answer.headers.get('queue-status')).toBe('WAITING');
    return { ...fan, registration: place.registration, token: place.token };
  };

  it('registers who joins before the sale opens, once each, and shows so at every gateway', async () => {
    fans = [];
    for (let index = 0; index < FANS; index += 1) fans.push(await registers(await aFan(system), index % 2));
    expect(fans.map(({ registration }) => registration)).toEqual(fans.map((_, index) => index + 1));
    const [first] = fans as [ARegisteredFan];
    const { salesOpenAt } = expectStatus(await system.api.get(`/v1/concerts/${concert.concertId}`), 200);
    for (const answer of await everywhere(first, placeOf(concert), first.token)) {
      const registered = {
        status: 'PREQUEUE',
        registration: 1,
        queueNumber: null,
        position: null,
        opensAt: salesOpenAt,
      };
      expect(expectStatus(answer, 200)).toMatchObject(registered);
    }
    for (const answer of await everywhere(first, datesOf(concert), first.token)) {
      expect(expectStatus(answer, 202).status).toBe('PREQUEUE');
    }
    const again = expectStatus(await at(1, first).post(placeOf(concert)), 200);
    expect(again).toMatchObject({ status: 'PREQUEUE', registration: 1 });

    const [document] = await published({ registered: FANS, seed: null });
    expect(document).toMatchObject({ waitingCount: FANS, activeCount: 0, lastQueueNumber: 0, servingNumber: 0 });
    ({ seedHash } = document.draw);
    expect(seedHash).toMatch(/^[0-9a-f]{64}$/);
    expectRefusal(
      await ops(['verify-draw', concert.concertId, '--registration', '1']),
      1,
      /^the numbers are not drawn yet/,
    );
  });

  it('is left like any line, and joined again at its end', async () => {
    const leaving = fans[4]!;
    expectStatus(await leaving.api.delete(placeOf(concert), { 'queue-token': leaving.token }), 204);
    await eventually(async () => {
      for (const answer of await everywhere(leaving, datesOf(concert), leaving.token)) {
        expectProblem(answer, 'TOKEN_EXPIRED', { reason: 'LEFT' });
      }
      return true;
    });
    changeable = await registers(leaving, 0);
    expect(changeable.registration).toBe(FANS + 1);
    await published({ seedHash, registered: FANS + 1, seed: null });
    expect(await rows('select 1 from queue.activation_log where concert_id = $1 and activated > 0')).toEqual([]);
  });

  it('draws the numbers that the seed says when the sale opens; who comes later is behind, and no position rises', async () => {
    const inDraw = [...fans.filter((_, index) => index !== 4), changeable];
    await opens(concert);
    const late = await aFan(system);
    const joined = expectStatus(await late.api.post(placeOf(concert)), 201);
    expect(joined).toMatchObject({ status: 'WAITING', registration: null, queueNumber: FANS + 2 });
    const tokens = new Map(inDraw.map(({ userId, token }) => [userId, token]));
    const shown = new Map<string, any[]>(inDraw.map(({ userId }) => [userId, []]));
    let gateway = 0;
    await eventually(
      async () => {
        gateway = 1 - gateway;
        const places = await Promise.all(
          inDraw.map(async (fan) => {
            const headers = { 'queue-token': tokens.get(fan.userId) };
            const place = expectStatus(await at(gateway, fan).get(placeOf(concert), headers), 200);
            tokens.set(fan.userId, place.token);
            shown.get(fan.userId)!.push(place);
            return place;
          }),
        );
        return places.every(({ status }) => status === 'ACTIVE');
      },
      { within: 20_000, every: 50 },
    );
    const [document] = await published({ seedHash, registered: FANS + 1, seed: expect.any(String) });
    const { seed } = document.draw;
    expect(queue.hashOfSeed(seed)).toBe(seedHash);
    const order = queue.drawNumbers(seed, FANS + 1);
    for (const { userId, registration } of inDraw) {
      const numbered = shown.get(userId)!.filter(({ status }) => status !== 'PREQUEUE');
      for (const place of numbered) {
        expect(place).toMatchObject({ registration, queueNumber: order[registration - 1] });
      }
      const positions = numbered.map(({ position }) => position);
      expect(positions).toEqual([...positions].sort((one, other) => other - one));
    }
    await eventually(async () => {
      const headers = { 'queue-token': joined.token };
      return expectStatus(await late.api.get(placeOf(concert), headers), 200).status === 'ACTIVE';
    });
    const moved = await rows(
      `select from_number, to_number, activated, passed_over from queue.activation_log
       where concert_id = $1 and activated > 0 order by tick_number`,
    );
    // Number FANS + 2 is the late one's; one registration was given up.
    expect(moved.at(0)).toMatchObject({ from_number: 1, activated: BATCH });
    expect(moved.at(-1)!.to_number).toBe(FANS + 2);
    expect(moved.reduce((sum, tick) => sum + tick.passed_over, 0)).toBe(1);
    for (const answer of await everywhere(fans[4]!, datesOf(concert), fans[4]!.token)) {
      expectProblem(answer, 'TOKEN_EXPIRED', { reason: 'LEFT' });
    }
    const again = expectStatus(await inDraw[0]!.api.post(placeOf(concert)), 200);
    expect(again).toMatchObject({ status: 'ACTIVE', registration: 1, queueNumber: order[0] });
  });

  it('leaves a token of its time as good as any: it buys, and is spent', async () => {
    const buyer = fans[7]!;
    const api = buyer.api.with({ headers: { 'queue-token': buyer.token } });
    const seatIds = await allSeats(system, concert);
    const held = expectStatus(await api.post('/v1/reservations', { scheduleId: concert.scheduleId, seatIds }), 201);
    await topUp(buyer, 700);
    expectStatus(await api.post(`/v1/reservations/${held.reservationId}/payment`), 201);
    await eventually(async () => {
      for (const answer of await everywhere(buyer, datesOf(concert), buyer.token)) {
        expectProblem(answer, 'TOKEN_EXPIRED', { reason: 'SPENT' });
      }
      return true;
    });
    const [spent] = await rows(`select user_id from queue.judged_place where concert_id = $1 and status = 'SPENT'`);
    expect(spent!.user_id).toBe(buyer.userId);
  });

  it('is verified by anybody, with what was published before and after, and by the audit', async () => {
    const [{ draw }] = (await documents()) as [any];
    const { registration, token } = fans[2]!;
    const number = queue.drawNumbers(draw.seed, FANS + 1)[registration - 1]!;
    const nobody = { OPS_TOKEN: undefined, OPS_USER: 'no\nbody' };
    const mine = ['--registration', String(registration), '--number', String(number), '--hash', seedHash];
    const verified = await ops(['verify-draw', concert.concertId, ...mine, '--json'], nobody);
    const expected = { ...draw, registration, queueNumber: number, agrees: true };
    expect(answered(verified)).toEqual(expected);
    const offline = ['verify-draw', '--seed', draw.seed, '--registered', String(FANS + 1), '--token', token, '--json'];
    expect(answered(await ops(offline, { OPS_URL: 'http://127.0.0.1:2' }))).toEqual(expected);

    const wrong = await ops([...offline, '--number', String(number + 1), '--hash', draw.seed]);
    expect(wrong).toMatchObject({
      code: 1,
      stderr: `the seed's hash is ${seedHash}, not ${draw.seed}\nthe number is ${number}, not ${number + 1}\n`,
    });
    expect(JSON.parse(wrong.stdout)).toEqual({ ...expected, agrees: false });
    expectRefusal(
      await ops(['verify-draw', concert.concertId, '--registration', '99']),
      1,
      /^there are 13 registrations/,
    );
    expectRefusal(await ops(['verify-draw', '--registration', '1']), 2, /^usage: ops verify-draw/);
    expectRefusal(await ops(['verify-draw', concert.concertId]), 2, /^--registration must be a whole number/);
    expectRefusal(await ops(['verify-draw', concert.concertId, '--token', 'v1.k']), 2, /^--token is no queue token/);

    const { checks } = answered(await ops(['audit', '--json']));
    expect(checks.filter(({ violations }: any) => violations > 0)).toEqual([]);
    const ofDraws = checks.find(({ name }: any) => name === 'each registration has one number of its draw');
    expect(ofDraws.rows).toBeGreaterThan(FANS);
  });

  it('is begun anew with another seed by a reset before the sale, and not by one after it', async () => {
    const other = await aConcertWith(system, { seats: 1, salesOpenAt: new Date(Date.now() + hour) });
    const olga = await system.api.signIn('olga', ['operator']);
    const reset = async () => {
      const answer = await olga.post(`/v1/admin${queueOf(other).slice(3)}/reset`, { reason: 'A rehearsal' });
      return expectStatus(answer, 200);
    };
    const fan = await registers(await aFan(system), 0, other);
    const [{ draw }] = (await published({ registered: 1 }, other)) as [any];
    const anew = await reset();
    expect(anew).toMatchObject({ generation: 2, draw: { registered: 0, seed: null } });
    expect(anew.draw.seedHash).not.toBe(draw.seedHash);
    await published(anew.draw, other);
    for (const answer of await everywhere(fan, placeOf(other), fan.token)) {
      expectProblem(answer, 'INVALID_TOKEN', { reason: 'RESET' });
    }
    expect((await registers(fan, 1, other)).registration).toBe(1);
    await opens(other);
    await published({ registered: 1, seed: expect.any(String) }, other);
    expect(await reset()).toMatchObject({ generation: 3, draw: null });
    const numbered = expectStatus(await fan.api.post(placeOf(other)), 201);
    expect(numbered).toMatchObject({ registration: null, queueNumber: 1, status: 'WAITING' });
  });
});
