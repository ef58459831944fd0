// What the gateway answers from memory, beside bare node:http that answers with the same bytes, in turns in one run.
import { bareServer } from './bare-server.mjs';
import { Connections, requestOf } from './http-load.mjs';
import {
  activeFans,
  audited,
  concertWith,
  expecting,
  fansOf,
  join,
  median,
  meter,
  onSystem,
  wideOpen,
  wideOpenRooms,
} from './system.mjs';

const CONNECTIONS = 32;
const SEATS = 50;
const WAITING = 500;
const TURNS = 3;

/** The same load on the gateway and on a bare server with the same answer, in turns; medians of the turns. */
async function besideBare(system, requests, { seconds }) {
  const [{ url, headers }] = requests;
  const answer = await fetch(system.gateway + url, { headers });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
  const { date, connection, 'keep-alive': keepAlive, ...own } = Object.fromEntries(answer.headers);
  const bare = await bareServer({ status: 200, headers: own, body: await answer.text() });
  const texts = requests.map((one) => requestOf('GET', one.url, one.headers));
  const run = async (base) => {
    const connections = Connections.open(base, CONNECTIONS);
    const next = (index) => texts[index % texts.length];
    await connections.closed(next, { seconds: seconds / 4 });
    const used = meter(system);
    const result = await connections.closed(next, { seconds, heard: expecting(200) });
    connections.close();
    return { perSecond: result.times.length / result.seconds, times: result.times, ...used(result.times.length) };
  };
  const runs = { gateway: [], bare: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    runs.bare.push(await run(bare.url));
    runs.gateway.push(await run(system.gateway));
  }
  bare.stop();
  const middle = runs.gateway.toSorted((one, other) => one.perSecond - other.perSecond)[Math.floor(TURNS / 2)];
  const perCore = Math.round(1e6 / middle.cpuUsPerOp.gateway);
  return { ...middle, limit: median(runs.bare.map(({ perSecond }) => perSecond)), perCore };
}

export const benches = {
  'read.seats': {
    what: `GET the ${SEATS} seats of a date with a pass, per second; the limit is bare node:http with the same bytes`,
    async run({ options, print }) {
      await onSystem({ settings: wideOpen }, async (system) => {
        const concert = await concertWith(system, { seats: SEATS });
        const fans = await activeFans(system, concert, 100);
        const url = `/v1/concerts/${concert.concertId}/schedules/${concert.dates[0].scheduleId}/seats`;
        const requests = fans.map(({ headers }) => ({ url, headers }));
        const { perSecond, ...measured } = await besideBare(system, requests, options);
        const violations = await audited(system, wideOpenRooms);
        print({ name: 'read.seats', figure: perSecond, unit: 'requests/s', target: 20_000, ...measured, violations });
      });
    },
  },
  'queue.poll': {
    what: 'GET a place that waits, its token signed anew, per second; the limit is bare node:http with the same bytes',
    async run({ options, print }) {
      await onSystem({ settings: { QUEUE_TICK_MS: 3_600_000 } }, async (system) => {
        const concert = await concertWith(system, { seats: SEATS });
        const fans = await fansOf(system, WAITING);
        await join(system, concert, fans);
        const url = `/v1/concerts/${concert.concertId}/queue-token`;
        const requests = fans.map(({ headers }) => ({ url, headers }));
        const { perSecond, ...measured } = await besideBare(system, requests, options);
        const violations = await audited(system, { tickMs: 3_600_000 });
        print({ name: 'queue.poll', figure: perSecond, unit: 'requests/s', target: 15_000, ...measured, violations });
      });
    },
  },
};
