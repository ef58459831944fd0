import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { concert, type MessageContract, queue } from '#contracts';
import {
  aControl,
  aDraw,
  aJoin,
  aLeave,
  aMessage,
  anActivePlace,
  anId,
  aPlace,
  aPublishing,
  aPurge,
  aReset,
  aRoom,
  aSeed,
  aSpending,
  aTick,
  concertId,
  CountedSeeds,
  noon,
  secondsAfter,
  settings,
} from '../../test/line.builders.js';
import { drawPage } from '../domain/draw.js';
import { MemoryTables } from '../../test/memory-tables.js';
import type { WaitingRoomStore } from '../postgres/waiting-room.store.js';
import type { StockStore } from '../postgres/stock.store.js';
import { queueCommands, type QueueCommand } from './accepted.js';
import { ConcertEventsHandler } from './concert-events.handler.js';

function sample(contract: MessageContract): Record<string, unknown> {
  const [owner, name, version] = contract.type.split('.');
  return JSON.parse(readFileSync(`libs/contracts/samples/${owner}/${name}.${version}.json`, 'utf8'));
}

const parsed = (contract: MessageContract) => aMessage(contract, contract.payload.parse(sample(contract)));

describe('the handler of queue commands', () => {
  let tables: MemoryTables;
  beforeEach(() => {
    tables = new MemoryTables(aRoom({ lastNumber: 7 }), settings);
    tables.places = [aPlace(7, { userId: 'ada' })];
  });
  const outcomesOf = async (...commands: QueueCommand[]) =>
    (await tables.handle(commands, noon)).decisions.map(({ outcome }) => outcome);

  it.each(queueCommands.map((contract) => [contract.type, contract] as const))(
    'takes the sample of %s without a fault',
    async (_, contract) => {
      const [outcome] = await outcomesOf(parsed(contract) as QueueCommand);
      expect(['answered', 'done']).toContain(outcome!.kind);
    },
  );

  it('answers a join with the place, as gateways expect it', async () => {
    const [outcome] = await outcomesOf(aJoin('bob', anId(8)));
    expect(queue.place.parse(outcome?.kind === 'answered' && outcome.body)).toEqual({
      concertId,
      generation: 1,
      queueNumber: 8,
      admissionClass: 'general',
      tokenId: anId(8),
      userId: 'bob',
      status: 'WAITING',
      issuedAt: '2026-11-23T12:00:00.000Z',
      leaseUntil: '2026-11-23T12:15:00.000Z',
      activeUntil: null,
      created: true,
    });
  });

  it('answers a join with the pass of a user who has one', async () => {
    tables.places = [anActivePlace(7, { userId: 'ada' })];
    const [outcome] = await outcomesOf(aJoin('ada', anId(8)));
    expect(outcome).toMatchObject({
      body: { status: 'ACTIVE', activeUntil: '2026-11-23T12:10:00.000Z', created: false },
    });
  });

  it('rejects a join of a closed room, and of a concert that has none', async () => {
    tables.room = aRoom({ mode: 'CLOSED' });
    const outcomes = await outcomesOf(aJoin('bob', anId(8)), aJoin('bob', anId(8), anId(404)));
    expect(outcomes).toEqual([
      expect.objectContaining({ kind: 'rejected', code: 'QUEUE_CLOSED' }),
      expect.objectContaining({ kind: 'rejected', code: 'CONCERT_NOT_FOUND' }),
    ]);
  });

  it('answers an operator with the queue as it is then, and notes what was changed', async () => {
    const commands = [
      aControl({ mode: 'DRAIN', tickSeconds: 9, maxActive: null, instantBelow: 4, message: 'soon' }),
      aReset(),
    ];
    const { decisions } = await tables.handle(commands, noon);
    const queueThen = {
      mode: 'DRAIN',
      tickSeconds: 9,
      maxActive: null,
      message: 'soon',
      activationBatch: 3,
      instantBelow: 4,
      seatsLeft: null,
    };
    const updatedAt = '2026-11-23T12:00:00.000Z';
    const line = { concertId, draw: null, activeCount: 0, servingNumber: 0, updatedAt };
    const counted = (counts: { waitingCount: number; lastQueueNumber: number }) => ({
      ...counts,
      classes: [{ name: 'general', share: 100, open: true, servingNumber: 0, ...counts }],
    });
    expect(decisions).toEqual([
      {
        outcome: {
          kind: 'answered',
          body: { ...queueThen, ...line, generation: 1, ...counted({ waitingCount: 1, lastQueueNumber: 7 }) },
        },
        noted: '{"mode":"DRAIN","tickSeconds":9,"maxActive":null,"instantBelow":4,"message":"soon"}',
      },
      {
        outcome: {
          kind: 'answered',
          body: { ...queueThen, ...line, generation: 2, ...counted({ waitingCount: 0, lastQueueNumber: 0 }) },
        },
        noted: 'generation 2',
      },
    ]);
  });

  it('refuses an operator of a concert that has no room', async () => {
    const outcomes = await outcomesOf(aControl({ mode: 'OPEN' }, anId(404)), aReset(anId(404)));
    expect(outcomes.map((outcome) => 'code' in outcome && outcome.code)).toEqual(Array(2).fill('CONCERT_NOT_FOUND'));
  });

  it('looks for whom a tick may let in where only an operator in the batch opens or widens it', async () => {
    tables.room = aRoom({ lastNumber: 7, mode: 'PAUSED', activationBatch: 1, nextTickAt: secondsAfter(noon, 3) });
    tables.places = [1, 2, 3].map((number) => aPlace(number));
    await tables.handle([aControl({ mode: 'OPEN', activationBatch: 3, tickSeconds: 1 }), aTick()], noon);
    expect(tables.places.map(({ status }) => status)).toEqual(Array(3).fill('ACTIVE'));
    expect(tables.log).toMatchObject([{ activated: 3, passedOver: [] }]);
  });

  it('acknowledges leaving and spending of places that nobody knows', async () => {
    const unknown = { concertId: anId(404), generation: 3, queueNumber: 1, tokenId: anId(1) };
    const outcomes = await outcomesOf(
      aLeave(unknown),
      aSpending(unknown),
      aLeave({ ...unknown, concertId }),
      aSpending({ ...unknown, concertId }),
    );
    expect(outcomes).toEqual(Array(4).fill({ kind: 'answered', body: {} }));
  });

  it('shows all of a batch in one snapshot', async () => {
    const { snapshots } = await tables.handle([aTick(), aJoin('bob', anId(8)), aPublishing()], noon);
    expect(snapshots).toEqual([
      expect.objectContaining({ version: 1, servingNumber: 7, lastQueueNumber: 8, waitingCount: 1, activeCount: 1 }),
    ]);
    expect(queue.snapshot.payload.parse(snapshots[0])).toEqual(snapshots[0]);
    expect(tables.room.snapshotDue).toBe(false);
  });

  it('tells at once what ended, in one message a batch, while the snapshot has to wait', async () => {
    tables.room = aRoom({ lastNumber: 10, nextTickAt: secondsAfter(noon, 3), snapshotAt: secondsAfter(noon, -0.1) });
    tables.places = [anActivePlace(7), aPlace(8), aPlace(9), aPlace(10)];
    const batch = [aLeave(aPlace(8)), aSpending(aPlace(7)), aLeave(aPlace(8)), aLeave(aPlace(9)), aSpending(aPlace(9))];
    const { endings, snapshots } = await tables.handle(batch, noon);
    expect([endings, snapshots]).toEqual([[queue.placesEnded.payload.parse(sample(queue.placesEnded))], []]);
    expect((await tables.handle(batch, noon)).endings).toEqual([]);
  });

  it('tells no ending of a place whose time was over anyway: gateways see that by the clock', async () => {
    const later = secondsAfter(noon, 901);
    tables.room = aRoom({ lastNumber: 7, lastTickAt: later, nextTickAt: later });
    const { endings } = await tables.handle([aJoin('ada', anId(8)), aTick()], later);
    expect([endings, tables.places.map(({ status }) => status)]).toEqual([[], ['EXPIRED', 'ACTIVE']]);
  });

  it('tells no ending of a line that was begun anew in the same batch: its numbers are those of others now', async () => {
    const place = aPlace(7);
    tables.places = [place];
    const { endings } = await tables.handle([aLeave(place), aReset(), aJoin('bob', anId(8))], noon);
    expect(endings).toEqual([]);
  });

  it('has the numbers drawn by commands of their own, page by page, and lets nobody in before the batch after the last', async () => {
    const registered = drawPage + 1;
    const opening = { salesOpenAt: secondsAfter(noon, -1), seed: aSeed(1), registered };
    tables = new MemoryTables(aRoom({ ...opening, lastNumber: 0 }), settings);
    tables.places = [aPlace(-registered, { registration: registered })];
    const sentBy = async (...commands: QueueCommand[]) => {
      const { decisions } = await tables.handle(commands, noon);
      return decisions.map(({ send }) => send?.map(({ contract }) => contract.type));
    };
    const drawOn = ['queue.DrawNumbers.v1'];
    expect(await sentBy(aTick(), aDraw())).toEqual([drawOn, drawOn]);
    expect(tables.places).toMatchObject([{ queueNumber: -registered }]);
    tables.room.nextTickAt = noon;
    expect(await sentBy(aDraw(), aTick())).toEqual([[], []]);
    const [number] = queue.drawNumbers(aSeed(1), registered).slice(-1);
    expect(tables.places).toMatchObject([{ queueNumber: number, status: 'WAITING' }]);
    tables.room.nextTickAt = noon;
    expect(await sentBy(aTick())).toEqual([[]]);
    expect(tables.places).toMatchObject([{ queueNumber: number, status: 'ACTIVE' }]);
  });

  it('goes on with a purge of more than a page by a command of its own', async () => {
    const goneOn = secondsAfter(noon, 3_600);
    tables.room = aRoom({ lastNumber: 7_000, servingNumber: 7_000, lastTickAt: goneOn });
    tables.places = Array.from({ length: 7_000 }, (_, n) => anActivePlace(n + 1));
    const purge = async () => (await tables.handle([aPurge()], goneOn)).decisions[0]!.send!;
    expect(await purge()).toEqual([expect.objectContaining({ contract: queue.purgePlaces, payload: { concertId } })]);
    expect(tables.places).toHaveLength(2_000);
    expect(await purge()).toEqual([]);
    expect(tables.places).toHaveLength(0);
  });
});

describe('the handler of concert events', () => {
  const handler = new ConcertEventsHandler({} as WaitingRoomStore, {} as StockStore, new CountedSeeds(), settings);
  const context = { now: noon, newId: () => anId(1) };
  const rooms = (...known: string[]) => ({
    known: new Map(known.map((concertId) => [concertId, aRoom({ concertId })])),
    opened: [],
    counts: new Map<string, concert.SeatsCounted>(),
  });
  const created = parsed(concert.concertCreated) as ReturnType<typeof aMessage<typeof concert.concertCreated>>;

  it('opens the room of a new concert, answers who created it, and shows the empty line', () => {
    const state = rooms();
    const { outcome, send } = handler.decide(state, created, context);
    expect(outcome).toEqual({ kind: 'answered', body: { ...sample(concert.concertCreated), dates: [] } });
    expect(state.opened).toHaveLength(1);
    const shown = queue.snapshot.payload.parse(send![0]!.payload);
    expect(shown).toMatchObject({ version: 1, generation: 1, mode: 'OPEN', lastQueueNumber: 0, activated: [] });
  });

  it('answers a concert whose room is open already, and opens nothing', () => {
    const state = rooms(created.payload.concertId);
    const { outcome, send } = handler.decide(state, created, context);
    expect([outcome.kind, send, state.opened]).toEqual(['answered', undefined, []]);
  });

  it('keeps the newest count of a schedule, in whatever order they come', () => {
    const state = rooms();
    const { scheduleId } = concert.seatsCounted.payload.parse(sample(concert.seatsCounted));
    for (const version of [7, 9, 8]) {
      const message = aMessage(concert.seatsCounted, {
        ...(sample(concert.seatsCounted) as concert.SeatsCounted),
        version,
      });
      expect(handler.decide(state, message, context)).toEqual({ outcome: { kind: 'done' } });
    }
    expect([...state.counts]).toEqual([[scheduleId, expect.objectContaining({ version: 9, seatsLeft: 40 })]]);
  });
});
