// Measurements, each beside what this machine could do at best, or beside a target. Never part of a test.
//
//   npm run bench                                    what can be measured
//   npm run bench -- queue.tick queue.million        these; --json for one line of JSON each
//
// Options of the whole system: --users 8000 (of a turn), --connections 1000 (in a closed loop), --rate 1000 (a second, in an
// open one), --seconds 4 (of a turn of reads), --rounds 5 (of a race, or restarts), --crowd 50000 and --seats 10000 (of a sell-out), --messages 40000 (of a drain
// of one partition), --joins 400000 (of the queue's), --sold 10000000 (seats, of large tables), --idle 30 (s)
// Options of the line: --waiting 1000000 (places of a long line), --ticks 100, --rooms 1000, --leavers 200 (and as many
// buyers), --polling 2000 (visitors who ask over HTTP), --minutes 2 (how long they do), --seed 1
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { startServers } from './servers.mjs';

/** In the order in which they are best run: what fills the machine comes last. */
const files = [
  './reads.mjs',
  './holds.mjs',
  './payments.mjs',
  './peers.mjs',
  './drains.mjs',
  './queue-lines.mjs',
  './table-sizes.mjs',
  './queue-system.mjs',
];

const whole = (fallback) => ({ type: 'string', default: String(fallback) });
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    waiting: whole(1_000_000),
    ticks: whole(100),
    rooms: whole(1_000),
    joins: whole(400_000),
    users: whole(8_000),
    connections: whole(1_000),
    rate: whole(1_000),
    seconds: whole(4),
    rounds: whole(5),
    sold: whole(10_000_000),
    crowd: whole(50_000),
    seats: whole(10_000),
    messages: whole(40_000),
    idle: whole(30),
    leavers: whole(200),
    polling: whole(2_000),
    minutes: whole(2),
    seed: whole(1),
  },
});
const { json, ...numbers } = values;
const options = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, Number(value)]));

const at = (times, share) => times.toSorted((one, other) => one - other)[Math.floor(times.length * share)];
const rounded = (number) => (typeof number === 'number' ? Math.round(number * 10) / 10 : number);

/** A number or text as it is, parts as `gateway 12, queue 3`. */
const shown = (value) =>
  value !== null && typeof value === 'object'
    ? Object.entries(value)
        .map((part) => part.join(' '))
        .join(', ')
    : value;

/** `limit`: what the machine does of it at best, in the same unit; `target`: what is to be reached. `times`: in ms. */
function print({ name, figure, unit, target, limit, times, ...more }) {
  const of = times && {
    p50Ms: rounded(at(times, 0.5)),
    p95Ms: rounded(at(times, 0.95)),
    p99Ms: rounded(at(times, 0.99)),
  };
  const ratio = limit === undefined ? undefined : Math.round((figure / limit) * 100) / 100;
  const line = { name, figure: rounded(figure), unit, target, limit: rounded(limit), ratio, ...of, ...more };
  if (json) return console.log(JSON.stringify(line));
  const told = Object.entries(line).filter(([key, value]) => value !== undefined && !['name', 'unit'].includes(key));
  console.log(`${name.padEnd(22)} ${told.map(([key, value]) => `${key} ${shown(value)}`).join('   ')}   (${unit})`);
}

const modules = await Promise.all(files.map((file) => import(file)));
const known = new Map(modules.flatMap(({ benches }) => Object.entries(benches)));
const unknown = positionals.filter((name) => !known.has(name));
if (unknown.length > 0) {
  console.error(`no such measurement: ${unknown.join(', ')}`);
  process.exitCode = 2;
} else if (positionals.length === 0) {
  for (const [name, { what }] of known) console.log(`${name.padEnd(16)} ${what}`);
} else {
  if (!json)
    console.log(
      `${cpus().length} cores (${cpus()[0].model}), ${Math.round(totalmem() / 2 ** 30)} GiB, shared by everything`,
    );
  const servers = await startServers();
  try {
    for (const name of positionals) {
      await known
        .get(name)
        .run({ options, print, at })
        .catch((error) => {
          process.exitCode = 1;
          console.error(`${name} has no figure:`, error);
        });
    }
  } finally {
    await servers.stop();
  }
}
