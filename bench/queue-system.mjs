// What the waiting room does as a whole: real processes, a real Kafka and PostgreSQL, settings as in production.
import { setTimeout as pause } from 'node:timers/promises';
import { endings } from './endings.mjs';
import { million } from './million.mjs';
import { onSystem } from './system.mjs';

/** A gateway that begins with a line of `waiting` behind it: how long until it is ready, and what the line costs its memory. */
async function restart({ waiting, rounds }) {
  return onSystem({}, async (system, { aConcertWith, eventually, rowsOf, setMode }) => {
    const concert = await aConcertWith(system, { seats: 1 });
    await setMode(system, concert, 'PAUSED');
    const [gateway] = system.processes.gateway;
    const empty = await heapOf(gateway, 4 * rounds);
    await rowsOf(
      system.adminDatabaseUrl,
      `with room as (
         update queue.waiting_room set last_number = ${waiting} where concert_id = $1 returning generation
       )
       insert into queue.place (concert_id, generation, queue_number, token_id, user_id, status, issued_at, lease_until)
       select $1, generation, n, gen_random_uuid(), 'filler-' || n, 'WAITING', now(), now() + interval '1 hour'
       from room, generate_series(1, ${waiting}) n`,
      [concert.concertId],
    );
    const shown = async () => (await system.api.get(`/v1/concerts/${concert.concertId}/queue`)).body?.waitingCount;
    await eventually(async () => (await shown()) === waiting, { within: 120_000 });
    const full = await heapOf(gateway, 4 * rounds);
    const times = [];
    for (let time = 0; time < rounds; time += 1) {
      await gateway.kill();
      const from = performance.now();
      gateway.spawn();
      await eventually(() => gateway.ready().then(() => true), { within: 60_000, every: 20 });
      if ((await shown()) !== waiting) throw new Error('ready without the line');
      times.push(performance.now() - from);
    }
    return { times, heapMiB: (full - empty) / 2 ** 20 };
  });
}

/** Bytes of the process's heap that are in use after a collection of garbage, as its metrics have it at their lowest. */
async function heapOf({ url }, looks) {
  const seen = [];
  for (let time = 0; time < looks; time += 1) {
    const text = await (await fetch(`${url}/metrics`)).text();
    seen.push(Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)[1]));
    await pause(250);
  }
  return Math.min(...seen);
}

export const benches = {
  'queue.restart': {
    what: 'a killed gateway, ready again with --waiting places in its line, ms; what the line adds to its heap, MiB',
    async run({ options, print, at }) {
      const { times, heapMiB } = await restart(options);
      print({ name: 'queue.restart', figure: at(times, 0.5), unit: 'ms', target: 5_000, times });
      print({ name: 'queue.gateway-heap', figure: heapMiB, unit: 'MiB', target: 100 });
    },
  },
  'queue.spend': {
    what: 'a place that was left, or a token that was spent, at one gateway, until another refuses it, ms; the limit is a bare hop',
    async run({ options, print, at }) {
      const measured = await onSystem({ replicas: { gateway: 2 } }, (system) => endings(system, options));
      const limit = at(measured.hops, 0.99);
      for (const [name, times] of Object.entries({ 'queue.leave': measured.left, 'queue.spend': measured.spent })) {
        print({ name, figure: at(times, 0.99), unit: 'ms', target: 250, limit, times });
      }
    },
  },
  'queue.million': {
    what: 'a million joins (--waiting), and --polling visitors at two gateways for --minutes, every answer checked',
    async run({ options, print, at }) {
      const replicas = { gateway: 2, queue: 2 };
      await onSystem({ replicas }, (system, testing) => million({ system, testing, options, print, at }));
    },
  },
};
