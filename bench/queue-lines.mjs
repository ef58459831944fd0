// What the lines of waiting rooms cost the database: whole transactions of the deployed handler, on a PostgreSQL of its own.
import { built, timed } from './servers.mjs';

/** Most messages that the engine gives a handler at once. */
const MESSAGES = 500;
const WARM_UP = 5;

/** The queue's tables in a database of their own, and what a line is told there. */
async function onTables(work) {
  const { emptyDatabase } = await built('libs/testing/src/index.js');
  const { QueueDatabase } = await built('services/queue/test/queue.database.js');
  const database = await QueueDatabase.in(await emptyDatabase());
  try {
    return await work(database, await built('services/queue/test/line.builders.js'));
  } finally {
    await database.drop();
  }
}

/** A line of `waiting`, and what ticks of it take, count and show. */
async function oneLine({ waiting, ticks }, database, { aTick, settings }) {
  const { CountTimer } = await built('services/queue/src/messages/count.timer.js');
  const { SnapshotStore } = await built('services/queue/src/postgres/snapshot.store.js');
  const batch = settings.QUEUE_ACTIVATION_BATCH;
  const concertId = await database.open();
  for (let filled = 0; filled < waiting; filled += 100_000) {
    await database.fill(concertId, Math.min(100_000, waiting - filled));
  }
  await database.query('vacuum analyze place');
  const counter = new CountTimer(new SnapshotStore(), database.settings);
  const [tickTimes, countTimes] = [[], []];
  let bytes = 0;
  for (let tick = -WARM_UP; tick < ticks; tick += 1) {
    database.pass(5);
    const counted = await timed(() => database.run(counter));
    const ticked = await timed(() => database.handle([aTick(concertId)]));
    if (tick < 0) continue;
    countTimes.push(counted.ms);
    tickTimes.push(ticked.ms);
    bytes = Buffer.byteLength(JSON.stringify(ticked.result.snapshots[0]));
  }
  const limits = [];
  for (let tick = 0; tick < 20; tick += 1) {
    const update = `update place set status = 'EXPIRED', finished_at = now()
      where concert_id = $1 and generation = 1 and status = 'WAITING' and queue_number between $2 and $3`;
    const first =
      (await database.query('select serving_number as n from waiting_room where concert_id = $1', [concertId]))[0].n +
      1 +
      tick * batch;
    limits.push((await timed(() => database.query(update, [concertId, first, first + batch - 1]))).ms);
  }
  return { tickTimes, countTimes, limits, bytes };
}

/** Measured once, however much of it is asked for. */
let measured;
const oneLineOf = (options) => (measured ??= onTables((...on) => oneLine(options, ...on)));

/** As many rooms, all of whose ticks are due at once. */
async function manyRooms({ rooms }, database, { aTick }) {
  const concertIds = [];
  for (let room = 0; room < rooms; room += 1) {
    concertIds.push(await database.open());
    await database.fill(concertIds.at(-1), 1_000);
  }
  await database.query('vacuum analyze place');
  const messages = concertIds.map((concertId) => aTick(concertId));
  let statements = 0;
  database.pass(5);
  const { ms } = await timed(async () => {
    for (let done = 0; done < rooms; done += MESSAGES) {
      statements += (await database.handle(messages.slice(done, done + MESSAGES))).statements;
    }
  });
  return { ms, statements };
}

export const benches = {
  'queue.tick': {
    what: 'a tick with --waiting places, ms of its transaction; the limit is the bare update of as many rows',
    async run({ options, print, at }) {
      const { tickTimes, limits } = await oneLineOf(options);
      const limit = at(limits, 0.5);
      print({ name: 'queue.tick', figure: at(tickTimes, 0.99), unit: 'ms', target: 50, limit, times: tickTimes });
    },
  },
  'queue.snapshot': {
    what: 'the snapshot of that line, KiB, and what counts the line beside its ticks, ms',
    async run({ options, print, at }) {
      const { bytes, countTimes } = await oneLineOf(options);
      print({ name: 'queue.snapshot', figure: bytes / 1_024, unit: 'KiB', target: 64 });
      print({ name: 'queue.count', figure: at(countTimes, 0.5), unit: 'ms', times: countTimes });
    },
  },
  'queue.rooms': {
    what: '--rooms rooms of a thousand, all let in at the same time, ms',
    async run({ options, print }) {
      const { ms, statements } = await onTables((...on) => manyRooms(options, ...on));
      print({ name: 'queue.rooms', figure: ms, unit: 'ms', target: 1_000, statements, rooms: options.rooms });
    },
  },
};
