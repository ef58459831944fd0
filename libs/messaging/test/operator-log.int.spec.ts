import { concert, type PayloadOf } from '#contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { Read } from '../src/messages/envelope.js';
import { foldBatches } from '../src/handling/batch-transaction.js';
import { answer, type Message, reject } from '../src/index.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { aRecord, startTally, type TallyService } from './tally.js';

type BlockSeats = Message<typeof concert.blockSeats>;

/** Refuses to give seats back. */
const handler = {
  fails: false,
  load: () => Promise.resolve({}),
  decide: (_: unknown, { payload }: BlockSeats) => ({
    outcome: payload.blocked ? answer({ items: [] }) : reject({ code: 'SEAT_NOT_FOUND', detail: 'No.' }),
  }),
  save() {
    return this.fails ? Promise.reject(new Error('no room')) : Promise.resolve();
  },
};
const consumer = { name: 'concert.commands.log', service: 'concert', handler, parkBehind: false } as never;

describe('the operator log', () => {
  let tally: TallyService;
  beforeAll(async () => {
    tally = await startTally();
  });
  afterAll(() => tally.close());

  function anAct(scheduleId: string, given: Partial<PayloadOf<typeof concert.blockSeats>> = {}, id = uuidv7()): Read {
    const act = { scheduleId, seatIds: [uuidv7()], blocked: true, reason: 'Sound desk', operator: 'otto', ...given };
    return aRecord(concert.blockSeats, act, { id, subject: scheduleId, accepts: new Set([concert.blockSeats.type]) });
  }
  async function handle(batch: readonly Read[], condemned?: Parameters<typeof foldBatches>[3]): Promise<void> {
    const lane = await takeOverLane(tally.dataSource, 'concert.commands/0');
    await foldBatches(tally.dataSource, consumer, [{ lane, records: batch, attempts: 0 }], condemned);
  }
  const logOf = (about: string) =>
    tally.dataSource.query<Record<string, unknown>[]>(
      'select operator, action, reason, outcome, message_id from operator_log where subject = $1 order by id',
      [about],
    );

  it('has what was done, by whom, why, and what came of it', async () => {
    const [about, id] = [uuidv7(), uuidv7()];
    await handle([anAct(about, {}, id), anAct(about, { blocked: false, operator: 'olga', reason: 'Was wrong' })]);
    expect(await logOf(about)).toEqual([
      { operator: 'otto', action: 'concert.BlockSeats.v1', reason: 'Sound desk', outcome: 'answered', message_id: id },
      expect.objectContaining({ operator: 'olga', reason: 'Was wrong', outcome: 'SEAT_NOT_FOUND' }),
    ]);
  });

  it('has one row for an act, however often its command comes', async () => {
    const about = uuidv7();
    const act = anAct(about);
    await handle([act, act]);
    await handle([act]);
    expect(await logOf(about)).toHaveLength(1);
  });

  it('has nothing of what was not committed', async () => {
    const about = uuidv7();
    handler.fails = true;
    await expect(handle([anAct(about)])).rejects.toThrow('no room');
    handler.fails = false;
    expect(await logOf(about)).toEqual([]);
  });

  it('has what was parked, too', async () => {
    const about = uuidv7();
    await handle([anAct(about)], { reason: 'fault', error: 'a bug', attempts: 1 });
    expect(await logOf(about)).toMatchObject([{ operator: 'otto', outcome: 'parked' }]);
  });

  it('never stands in the way of its partition, whatever text it is given', async () => {
    const [about, next] = [uuidv7(), uuidv7()];
    await handle([anAct(about, { operator: 'ol\u0000ga' }), anAct(about, { reason: 'a\u0000b' }), anAct(next)]);
    expect(await logOf(about)).toEqual([]);
    expect(await logOf(next)).toHaveLength(1);
    const unharmed = 'a \\u0000 that is spelled out, and an odd \ud800';
    await handle([anAct(about, { reason: unharmed })]);
    expect(await logOf(about)).toMatchObject([{ reason: Buffer.from(unharmed).toString() }]);
  });

  it('names nobody where the command was sent before it was audited', async () => {
    const about = uuidv7();
    await handle([anAct(about, { operator: undefined })]);
    expect(await logOf(about)).toMatchObject([{ operator: '', outcome: 'answered' }]);
  });

  it.each([`update operator_log set operator = 'nobody'`, 'delete from operator_log', 'truncate operator_log'])(
    'refuses %s',
    async (statement) => {
      await handle([anAct(uuidv7())]);
      await expect(tally.dataSource.query(statement)).rejects.toThrow('operator_log is only added to');
    },
  );
});
