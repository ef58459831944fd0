import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { concert, type MessageContract, queue } from '#contracts';
import {
  aJoin,
  aLeave,
  aMessage,
  anActivePlace,
  anId,
  aPlace,
  aPublishing,
  aPurge,
  aRoom,
  aSpending,
  aTick,
  concertId,
  noon,
  secondsAfter,
  settings,
} from '../../test/line.builders.js';
import { MemoryTables } from '../../test/memory-tables.js';
import type { WaitingRoomStore } from '../postgres/waiting-room.store.js';
import { concertEvents, queueCommands, type QueueCommand } from './accepted.js';
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
    tables.places.push(aPlace(7, { userId: 'ada' }));
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
  const handler = new ConcertEventsHandler({} as WaitingRoomStore, settings);
  const context = { now: noon, newId: () => anId(1) };

  it.each(concertEvents.map((contract) => [contract.type, contract] as const))(
    'takes the sample of %s: opens the room, answers the concert, shows the empty line',
    (_, contract) => {
      const event = parsed(contract) as ReturnType<typeof aMessage<typeof concert.concertCreated>>;
      const rooms = { known: new Set<string>(), opened: [] };
      const { outcome, send } = handler.decide(rooms, event, context);
      expect(outcome).toEqual({ kind: 'answered', body: { ...sample(contract), dates: [] } });
      expect(rooms.opened).toHaveLength(1);
      const shown = queue.snapshot.payload.parse(send![0]!.payload);
      expect(shown).toMatchObject({ version: 1, generation: 1, mode: 'OPEN', lastQueueNumber: 0, activated: [] });
    },
  );

  it('answers a concert whose room is open already, and opens nothing', () => {
    const event = parsed(concert.concertCreated) as ReturnType<typeof aMessage<typeof concert.concertCreated>>;
    const rooms = { known: new Set([event.payload.concertId]), opened: [] };
    const { outcome, send } = handler.decide(rooms, event, context);
    expect([outcome.kind, send, rooms.opened]).toEqual(['answered', undefined, []]);
  });
});
