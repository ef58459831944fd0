import type { wallet } from '#contracts';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { done, type Handler, type Message, open } from '../src/index.js';
import { listenForReplies, type Replies } from './replies.js';
import { aTopUp, startTally, type TallyService } from './tally.js';

type TopUp = Message<typeof wallet.topUp>;

/** Leaves everything open, and has a bug for whoever asks again. */
class OpenHandler implements Handler<null, TopUp> {
  load = () => Promise.resolve(null);
  save = () => Promise.resolve();
  decide(_state: null, message: TopUp) {
    if (message.repeated) throw new TypeError('a bug for repeats');
    return { outcome: message.payload.amount === 1 ? open : done };
  }
}

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

it('a repeat of an open message that cannot be handled is parked alone, and the message stays open', async () => {
  const consumer = { ...tally.consumer, handler: new OpenHandler() as Handler<unknown, unknown> };
  const lane = tally.lane('wallet.commands/12', consumer);
  const [id, correlationId] = [uuidv7(), uuidv7()];
  await lane.handle([aTopUp('una', 1, { id })]);
  await lane.handle([aTopUp('una', 2), aTopUp('una', 1, { id, correlationId }), aTopUp('una', 2)]);
  const letters = await tally.dataSource.query('select reason from dead_letter where message_id = $1', [id]);
  expect(letters).toEqual([{ reason: 'fault' }]);
  expect((await replies.of(correlationId))[0]!.type).toBe('reply.Parked.v1');
  const inbox = await tally.dataSource.query('select outcome from inbox where message_id = $1', [id]);
  expect(inbox).toEqual([{ outcome: { kind: 'open' } }]);
});
