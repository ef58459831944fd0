import { wallet } from '#contracts';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v4 as uuidv4, v7 as uuidv7 } from 'uuid';
import { read } from '../src/messages/envelope.js';
import { listenForReplies, type Replies } from './replies.js';
import { aTopUp, startTally, type TallyService } from './tally.js';

const day = 24 * 60 * 60 * 1000;
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

const lettersOf = (key: string) =>
  tally.dataSource.query<{ reason: string }[]>('select reason from dead_letter where key = $1', [key]);

// No partition of the inbox is for them: of a host whose clock is wrong, of an outbox that was off for weeks, of a stranger.
it.each([
  ['years before', uuidv7({ msecs: 0 })],
  ['two weeks ago', uuidv7({ msecs: Date.now() - 14 * day })],
  ['next month', uuidv7({ msecs: Date.now() + 30 * day })],
  ['no time at all', uuidv4().replace(/^../, '7f')],
])('an id of %s is parked, its asker told, and what lies around it handled', async (when, id) => {
  const [correlationId, user] = [uuidv7(), `unknowable ${when}`];
  await tally.lane().handle([aTopUp(user, 1), aTopUp(user, 100, { id, correlationId }), aTopUp(user, 2)]);
  expect(await tally.total(user)).toBe(3);
  expect(await lettersOf(user)).toEqual([{ reason: 'malformed' }]);
  const [told] = await replies.of(correlationId);
  expect(told).toMatchObject({ type: 'reply.Parked.v1', payload: { reason: 'malformed' } });
});

it('ids of the days around now and of idempotency keys are handled', async () => {
  const ids = [
    uuidv7({ msecs: Date.now() - 6.9 * day }),
    uuidv7({ msecs: Date.now() + 1.9 * day }),
    uuidv7().replace(/^../, 'ff'),
  ];
  await tally.lane().handle(ids.map((id) => aTopUp('knowable', 1, { id })));
  expect(await tally.total('knowable')).toBe(3);
});

it('a record that is older than ids are remembered, by the database clock, is parked and its asker told', async () => {
  const correlationId = uuidv7();
  const late = aTopUp('late', 1, { correlationId });
  if (late.kind !== 'message') throw new Error('it can be read');
  const record = { ...late.record, appendedAt: Date.now() - 7.1 * day };
  await tally.lane().handle([{ ...late, record }, aTopUp('late', 2)]);
  expect(await tally.total('late')).toBe(2);
  expect(await lettersOf('late')).toEqual([{ reason: 'too old' }]);
  expect((await replies.of(correlationId))[0]!.type).toBe('reply.Parked.v1');
});

it('whoever asked with a payload that is out of its schema is told that it is parked', async () => {
  const correlationId = uuidv7();
  const { record } = aTopUp('odd', 1, { correlationId });
  const odd = read({ ...record, value: Buffer.from('{"amount":"1"}') }, new Set([wallet.topUp.type]));
  expect(odd.kind).toBe('malformed');
  await tally.lane().handle([odd]);
  const [told] = await replies.of(correlationId);
  expect(told).toMatchObject({ type: 'reply.Parked.v1', payload: { reason: 'malformed' } });
});

it('an event of a type that is not known here yet is passed over; a command of one is parked', () => {
  const { record } = aTopUp('new', 1);
  const unheardOf = { ...record, headers: { ...record.headers, ce_type: 'concert.NotYetKnown.v1' } };
  const kindOn = (topic: string) => read({ ...unheardOf, topic }, new Set([wallet.topUp.type])).kind;
  expect([kindOn('concert.events'), kindOn('wallet.commands')]).toEqual(['passed over', 'malformed']);
});
