import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aHeldReservation,
  type AReservation,
  eventually,
  type OwnServers,
  type ProcessName,
  promptSettings,
  startServers,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { settles } from './mistakes.js';

const victims = ['gateway', 'queue', 'concert', 'reservation', 'wallet'] as const satisfies readonly ProcessName[];

/** How often each death is died; the figure is the worst. */
const { RECOVERY_TIMES = '1' } = process.env;

/** With production's session of a consumer: the broker waits so long for a dead one. Times are printed, not judged. */
describe('the first payment after', () => {
  let servers: OwnServers;
  let system: System;
  let concert: AConcert;

  beforeAll(async () => {
    servers = await startServers();
    system = await startSystem({ on: servers, settings: { ...promptSettings, KAFKA_SESSION_MS: 6_000 } });
    concert = await aConcertWith(system, { seats: 200, price: 500 });
  }, 180_000);
  afterAll(async () => {
    await system?.stop();
    await servers?.stop();
  });

  it.each(victims)('a %s process was killed and started again is made, and once', async (victim) => {
    const times: number[] = [];
    for (let time = 0; time < Number(RECOVERY_TIMES); time += 1) {
      const held = await ready();
      const [process] = system.processes[victim];
      await process!.kill('SIGKILL');
      const killedAt = performance.now();
      process!.spawn();
      times.push((await paid(held)) - killedAt);
    }
    print(`from the death of the ${victim} to the next payment`, times);
  });

  it.each(['kafka', 'postgres'] as const)('%s was killed and started again is made, and once', async (server) => {
    const times: number[] = [];
    for (let time = 0; time < Number(RECOVERY_TIMES); time += 1) {
      const held = await ready();
      await servers[server].kill();
      await servers[server].start();
      const startedAt = performance.now();
      times.push((await paid(held)) - startedAt);
    }
    print(`from the return of ${server} to the next payment`, times);
  });

  it('leaves nothing open, unpublished or parked', () => settles(system));

  /** Everything that a payment needs, made before the death. */
  async function ready(): Promise<AReservation> {
    const held = await aHeldReservation(system, concert);
    await topUp(held.fan, held.amount);
    return held;
  }

  /** Pays as a client does, repeating the request until it is decided; the time of the answer. */
  async function paid({ fan, reservationId }: AReservation): Promise<number> {
    const key = { 'idempotency-key': randomUUID() };
    await eventually(
      async () => {
        const { status } = await fan.api.post(`/v1/reservations/${reservationId}/payment`, undefined, key);
        expect([201, 202, 503]).toContain(status);
        return status === 201;
      },
      { within: 60_000, every: 50 },
    );
    const answeredAt = performance.now();
    const wallet = await eventually(async () => {
      const { status, body } = await fan.api.get('/v1/wallet');
      return status === 200 && body;
    });
    expect(wallet).toMatchObject({ balance: 0 });
    return answeredAt;
  }
});

function print(what: string, times: readonly number[]): void {
  const text = times.map((ms) => `${(ms / 1000).toFixed(1)} s`).join(', ');
  process.stderr.write(`${what}: ${text}\n`);
}
