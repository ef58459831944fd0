import { type Replay, wallet } from '#contracts';
import { eventually } from '#testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { foldBatches } from '../src/handling/batch-transaction.js';
import { takeOverLane } from '../src/postgres/lane.store.js';
import { REPLAYED_AT_ONCE_MAX } from '../src/handling/replay.js';
import { listenForReplies, type Replies } from './replies.js';
import { aRecord, aTopUp, bug, startTally, type TallyService } from './tally.js';

let tally: TallyService;
let replies: Replies;

beforeAll(async () => {
  tally = await startTally();
  replies = await listenForReplies(tally.kafka);
});
afterAll(async () => {
  await replies.stop();
  await tally.close();
});
afterEach(() => {
  tally.handler.bugs.clear();
  tally.handler.bugs.add(bug);
  tally.handler.beforeSave = () => Promise.resolve();
});

/** Where the letters' messages came, and where the operator's commands come. */
const letters = 'wallet.commands/0';
const orders = 'wallet.commands/1';

interface Letter {
  readonly id: string;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
  readonly replayed: boolean;
}

const lettersOf = (subject: string): Promise<Letter[]> =>
  tally.dataSource.query(
    `select id, reason, error, attempts, replayed_at is not null as replayed from dead_letter
     where subject = $1 order by "offset"`,
    [subject],
  );

const aReplay = (deadLetterId: string, given: { id?: string; correlationId?: string } = {}) =>
  aRecord(
    wallet.replayDeadLetter,
    { deadLetterId, operator: 'olga', reason: 'mended' },
    { subject: deadLetterId, ...given },
  );

/** What the operator is answered. */
async function replay(deadLetterId: string, id?: string): Promise<{ type: string; body?: Replay; code?: string }> {
  const correlationId = uuidv7();
  await tally.lane(orders).handle([aReplay(deadLetterId, { correlationId, ...(id !== undefined && { id }) })]);
  const [told] = await replies.of(correlationId);
  return { type: told!.type, ...(told!.payload as { body?: Replay; code?: string }) };
}

/** Parks them all: the first has a bug, the others are behind it. */
async function parked(user: string, amounts: readonly number[]): Promise<{ asked: string[]; first: Letter }> {
  const asked = amounts.map(() => uuidv7());
  const batch = amounts.map((amount, index) => aTopUp(user, amount, { subject: user, correlationId: asked[index]! }));
  const lane = tally.lane(letters);
  await lane.handle(batch.slice(0, 1));
  if (batch.length > 1) await lane.handle(batch.slice(1));
  const found = await lettersOf(user);
  expect(found).toHaveLength(amounts.length);
  return { asked, first: found[0]! };
}

describe('a replay', () => {
  it('handles the letter and what waits behind it, in order, once, and answers those who asked', async () => {
    const { asked, first } = await parked('ada', [bug, 1, 2]);
    tally.handler.bugs.clear();
    const { body } = await replay(first.id);
    expect(body).toEqual({ deadLetterId: first.id, status: 'REPLAYED', replayed: 3, remaining: 0 });
    expect(await tally.total('ada')).toBe(bug + 3);
    await eventually(async () => (await replies.of(...asked)).length === 6);
    const answers = (await replies.of(...asked)).filter(({ type }) => type === 'reply.Answered.v1');
    expect(answers.map(({ payload }) => (payload['body'] as { total: number }).total)).toEqual([13, 14, 16]);
    await tally.lane(letters).handle([aTopUp('ada', 5, { subject: 'ada' })]);
    expect(await tally.total('ada')).toBe(bug + 8);
  });

  it('keeps the message’s id: a repeat of it is told the decision', async () => {
    const [id, correlationId] = [uuidv7(), uuidv7()];
    const lane = tally.lane(letters);
    await lane.handle([aTopUp('bea', bug, { id, subject: 'bea' })]);
    tally.handler.bugs.clear();
    await replay((await lettersOf('bea'))[0]!.id);
    await lane.handle([aTopUp('bea', bug, { id, subject: 'bea', correlationId })]);
    const [told] = await replies.of(correlationId);
    expect(told).toMatchObject({ type: 'reply.Answered.v1', payload: { body: { total: bug }, replayed: true } });
    expect(await tally.total('bea')).toBe(bug);
  });

  it('says what still fails, and changes nothing but the letter’s error', async () => {
    const { first } = await parked('cai', [bug, 1]);
    const { body } = await replay(first.id);
    expect(body).toEqual({ deadLetterId: first.id, status: 'PARKED', replayed: 0, remaining: 2, error: 'a bug' });
    expect(await tally.total('cai')).toBeUndefined();
    expect(await lettersOf('cai')).toMatchObject([
      { reason: 'fault', attempts: 2, replayed: false, error: expect.stringContaining('a bug') },
      { reason: 'behind', attempts: 0, replayed: false },
    ]);
  });

  it('stops at the first that still fails, with those before it handled', async () => {
    const other = 14;
    tally.handler.bugs.add(other);
    const { first } = await parked('dov', [bug, 1, other, 2]);
    tally.handler.bugs.delete(bug);
    expect((await replay(first.id)).body).toMatchObject({
      status: 'REPLAYED',
      replayed: 2,
      remaining: 2,
      error: 'a bug',
    });
    expect(await tally.total('dov')).toBe(bug + 1);
    const [, , failed, behind] = await lettersOf('dov');
    expect(failed).toMatchObject({ reason: 'fault', attempts: 1 });
    tally.handler.bugs.clear();
    expect((await replay(behind!.id)).body).toMatchObject({ status: 'REPLAYED', replayed: 2, remaining: 0 });
    expect(await tally.total('dov')).toBe(bug + 1 + other + 2);
  });

  it('asked for twice has one effect, with the same command or another', async () => {
    const { first } = await parked('eli', [bug]);
    tally.handler.bugs.clear();
    const id = uuidv7();
    const told = await replay(first.id, id);
    expect((await replay(first.id, id)).body).toEqual(told.body);
    expect((await replay(first.id)).body).toEqual({ ...told.body, replayed: 0 });
    expect(await tally.total('eli')).toBe(bug);
  });

  it('takes at most so many letters, and says how many remain', async () => {
    const { first } = await parked('fay', [bug, ...Array.from({ length: REPLAYED_AT_ONCE_MAX }, () => 1)]);
    tally.handler.bugs.clear();
    expect((await replay(first.id)).body).toMatchObject({ replayed: REPLAYED_AT_ONCE_MAX, remaining: 1 });
    expect(await tally.total('fay')).toBe(bug + REPLAYED_AT_ONCE_MAX - 1);
  });

  it('is in the operator log with what came of it', async () => {
    const { first } = await parked('gil', [bug]);
    await replay(first.id);
    tally.handler.bugs.clear();
    await replay(first.id);
    const unknown = uuidv7();
    await replay(unknown);
    const acts = await tally.dataSource.query(
      'select operator, action, reason, outcome from operator_log where subject = any($1) order by id',
      [[first.id, unknown]],
    );
    const act = { operator: 'olga', action: 'wallet.ReplayDeadLetter.v1', reason: 'mended' };
    expect(acts).toEqual(['PARKED', 'REPLAYED', 'DEAD_LETTER_NOT_FOUND'].map((outcome) => ({ ...act, outcome })));
  });

  it('among other messages of a batch leaves their order alone', async () => {
    const { first } = await parked('hal', [bug]);
    tally.handler.bugs.clear();
    const lane = tally.lane(letters);
    await lane.handle([aTopUp('hal-too', 1), aReplay(first.id), aTopUp('hal-too', 2), aTopUp('hal', 1)]);
    expect([await tally.total('hal'), await tally.total('hal-too')]).toEqual([bug + 1, 3]);
  });
});

describe('a letter', () => {
  it('that does not exist is not found', async () => {
    expect(await replay(uuidv7())).toMatchObject({ type: 'reply.Rejected.v1', code: 'DEAD_LETTER_NOT_FOUND' });
  });

  it.each([
    ['that is too old', `reason = 'too old'`],
    ['that has lain there for longer than ids are remembered', `parked_at = now() - interval '8 days'`],
    ['whose consumer is gone', `consumer = 'nobody'`],
    ['that asks for a replay itself', `type = 'wallet.ReplayDeadLetter.v1'`],
  ])('%s cannot be replayed, and stays as it is', async (_, change) => {
    const user = `ida-${uuidv7()}`;
    const { first } = await parked(user, [1, bug].reverse());
    await tally.dataSource.query(`update dead_letter set ${change} where id = $1`, [first.id]);
    tally.handler.bugs.clear();
    expect(await replay(first.id)).toMatchObject({ code: 'DEAD_LETTER_NOT_REPLAYABLE' });
    expect((await lettersOf(user))[0]).toMatchObject({ replayed: false, attempts: 1 });
    expect(await tally.total(user)).toBeUndefined();
  });

  it('that fitted no contract is read again, and fails again as long as it does not', async () => {
    const { record } = aTopUp('jem', 3);
    await tally.lane(letters).handle([{ kind: 'malformed', record, error: 'an old contract' }]);
    await tally.dataSource.query(`update dead_letter set payload = '{' where "offset" = $1`, [record.offset]);
    const [letter] = await tally.dataSource.query<Letter[]>('select id from dead_letter where "offset" = $1', [
      record.offset,
    ]);
    expect((await replay(letter!.id)).body).toMatchObject({ status: 'PARKED', error: 'the value is not JSON' });
    await tally.dataSource.query('update dead_letter set payload = $2 where id = $1', [letter!.id, record.value]);
    expect((await replay(letter!.id)).body).toMatchObject({ status: 'REPLAYED' });
    expect(await tally.total('jem')).toBe(3);
  });

  it('whose fault only the commit would show keeps its replay from nothing else', async () => {
    await tally.dataSource.query(`
      create function refuse_total() returns trigger language plpgsql as $$
      begin
        if new.total = 666 then raise 'no such total'; end if;
        return null;
      end $$;
      create constraint trigger refuse_total after insert or update on tally
        deferrable initially deferred for each row execute function refuse_total();`);
    const { first } = await parked('kit', [bug, 653]);
    tally.handler.bugs.clear();
    expect((await replay(first.id)).body).toMatchObject({ replayed: 1, remaining: 1, error: 'no such total' });
    expect(await tally.total('kit')).toBe(bug);
    await tally.dataSource.query('drop trigger refuse_total on tally; drop function refuse_total');
  });

  it('that the broker refused goes out again, even one with neither id nor type', async () => {
    const correlationId = uuidv7();
    const name = 'wallet.commands/2';
    const lane = await takeOverLane(tally.dataSource, name);
    await foldBatches(tally.dataSource, tally.consumer, [
      { lane, records: [aTopUp('lou', 1, { correlationId })], attempts: 0 },
    ]);
    await tally.dataSource.query(`update outbox set payload = '"' || repeat('x', 1200000) || '"' where lane = $1`, [
      name,
    ]);
    await tally.publisher.publishLane(name);
    const [letter] = await lettersOf(correlationId);
    expect(letter).toMatchObject({ reason: 'refused' });
    const bare = `payload = '{"body":{}}', message_id = null, type = null`;
    await tally.dataSource.query(`update dead_letter set ${bare} where id = $1`, [letter!.id]);
    expect((await replay(letter!.id)).body).toMatchObject({ status: 'REPLAYED', replayed: 1 });
    expect((await replies.of(correlationId))[0]).toMatchObject({ type: 'reply.Answered.v1', payload: { body: {} } });
  });
});

describe('beside a replay', () => {
  it('its letter’s partition waits: what comes meanwhile is handled after it, and not parked behind it', async () => {
    const { first } = await parked('mia', [bug]);
    tally.handler.bugs.clear();
    const lane = tally.lane(letters);
    await lane.takeOver();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let inside = false;
    tally.handler.beforeSave = () => {
      inside = true;
      return held;
    };
    const replaying = replay(first.id);
    await eventually(() => inside);
    tally.handler.beforeSave = () => Promise.resolve();
    const batch = lane.handle([aTopUp('mia', 1, { subject: 'mia' })]);
    await eventually(async () => {
      const waiting = await tally.dataSource.query<unknown[]>(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length === 1;
    }).finally(release);
    await Promise.all([replaying, batch]);
    expect(await tally.total('mia')).toBe(bug + 1);
    expect(await lettersOf('mia')).toMatchObject([{ replayed: true }]);
  });

  it('a transient fault undoes all of it, and it is tried again', async () => {
    const { first } = await parked('noa', [bug, 1]);
    tally.handler.bugs.clear();
    let saves = 0;
    tally.handler.beforeSave = () => {
      saves += 1;
      return saves === 2
        ? Promise.reject(Object.assign(new Error('lock timeout'), { code: '55P03' }))
        : Promise.resolve();
    };
    const lane = tally.lane(orders);
    const order = aReplay(first.id);
    await expect(lane.handle([order])).rejects.toThrow('lock timeout');
    expect(await tally.total('noa')).toBeUndefined();
    expect(await lettersOf('noa')).toMatchObject([{ attempts: 1 }, { attempts: 0, replayed: false }]);
    await lane.handle([order]);
    expect(await tally.total('noa')).toBe(bug + 1);
  });

  it('a death is counted: one that killed its process twice is parked, and the letter lies where it lay', async () => {
    const { first } = await parked('ole', [bug]);
    tally.handler.bugs.clear();
    const name = 'wallet.commands/3';
    await tally.lane(name).handle([aTopUp('ole-too', 1)]);
    await tally.dataSource.query('update lane set attempts = 4 where name = $1', [name]);
    const correlationId = uuidv7();
    await tally.lane(name).handle([aReplay(first.id, { correlationId }), aTopUp('ole-too', 1)]);
    expect((await replies.of(correlationId))[0]).toMatchObject({ payload: { reason: 'killer' } });
    expect(await lettersOf('ole')).toMatchObject([{ replayed: false }]);
    expect(await tally.total('ole-too')).toBe(2);
  });
});
