import { queue } from '#contracts';
import { register } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Read } from '../src/messages/envelope.js';
import { answer, done, type Handler, type Message } from '../src/index.js';
import { aRecord, startTally, type TallyService } from './tally.js';

type Command = Message<typeof queue.tick | typeof queue.joinQueue>;

/** A waiting room's commands, some of which cannot be decided. */
class Rooms implements Handler<null, Command> {
  broken: readonly string[] = [];
  decided: string[] = [];
  load = () => Promise.resolve(null);
  save = () => Promise.resolve();
  decide(_state: null, { type }: Command) {
    if (this.broken.includes(type)) throw new TypeError('a bug');
    this.decided.push(type);
    return { outcome: type === queue.tick.type ? done : answer({}) };
  }
}

let tally: TallyService;
let rooms: Rooms;
let room: string;
let lanes = 0;
const tick = () => aRecord(queue.tick, { concertId: room }, { subject: room });
const join = () => aRecord(queue.joinQueue, { concertId: room, userId: 'ada', tokenId: uuidv7() }, { subject: room });

beforeAll(async () => {
  tally = await startTally();
});
afterAll(() => tally.close());
beforeEach(() => {
  rooms = new Rooms();
  room = uuidv7();
});

function aLane(name = `queue.commands/${(lanes += 1)}`): { name: string; handle(records: Read[]): Promise<void> } {
  const handler = rooms as Handler<unknown, unknown>;
  const consumer = {
    ...tally.consumer,
    handler,
    accepted: new Set([queue.tick, queue.joinQueue].map(({ type }) => type)),
  };
  const lane = tally.lane(name, consumer);
  return { name, handle: (records) => lane.handle(records) };
}

const reasons = async () => (await tally.deadLetters([room])).map(({ reason }) => reason);

async function unheeded(): Promise<number> {
  const { values } = await register.getSingleMetric('messaging_looks_unheeded_total')!.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

it('a look that cannot be decided is parked once, and those after it are only counted', async () => {
  rooms.broken = [queue.tick.type];
  const lane = aLane();
  const before = await unheeded();
  for (let time = 0; time < 3; time += 1) await lane.handle([tick()]);
  expect(await reasons()).toEqual(['fault']);
  expect((await unheeded()) - before).toBe(2);
});

it('nothing is parked behind a look: its subject goes on, and so do its looks once they can', async () => {
  rooms.broken = [queue.tick.type];
  const lane = aLane();
  await lane.handle([tick()]);
  await lane.handle([join()]);
  rooms.broken = [];
  await lane.handle([tick()]);
  expect(rooms.decided).toEqual([queue.joinQueue.type, queue.tick.type]);
  expect(await reasons()).toEqual(['fault']);
});

it('a look is not parked behind anything', async () => {
  rooms.broken = [queue.joinQueue.type];
  const lane = aLane();
  await lane.handle([join()]);
  await lane.handle([tick(), join()]);
  expect(rooms.decided).toEqual([queue.tick.type]);
  expect(await reasons()).toEqual(['fault', 'behind']);
});

it('a look whose kind killed its process is not tried again, whatever lay there before', async () => {
  rooms.broken = [queue.tick.type];
  const { name, handle } = aLane();
  await handle([tick()]);
  rooms.broken = [];
  // As two crashes in the middle of it leave the lane.
  await tally.dataSource.query('update lane set attempts = 4 where name = $1', [name]);
  const owner = aLane(name);
  await owner.handle([tick()]);
  await owner.handle([tick(), join()]);
  expect(await reasons()).toEqual(['fault', 'killer']);
  expect(rooms.decided).toEqual([queue.joinQueue.type]);

  // Not by replaying the other letter either, but by its own.
  const letters = await tally.dataSource.query<{ id: string }[]>(
    'select id from dead_letter where subject = $1 order by "offset" desc',
    [room],
  );
  const replay = ({ id }: { id: string }) =>
    owner.handle([aRecord(queue.replayDeadLetter, { deadLetterId: id, operator: 'olga', reason: 'mended' })]);
  await replay(letters[1]!);
  expect(rooms.decided).toHaveLength(1);
  await replay(letters[0]!);
  expect(rooms.decided).toEqual([queue.joinQueue.type, queue.tick.type]);
});
