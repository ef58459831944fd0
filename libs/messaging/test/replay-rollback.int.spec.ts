import { type Replay, wallet } from '#contracts';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { HandledMeanwhile } from '../src/postgres/inbox.store.js';
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

it('a letter whose type this version of the service does not take stays where it lies', async () => {
  const correlationId = uuidv7();
  await tally.lane().handle([aTopUp('leo', bug, { subject: 'leo' })]);
  const [[letter]] = await tally.dataSource.query<[{ id: string }[], number]>(
    `update dead_letter set headers = headers || '{"ce_type": "wallet.Refund.v1"}' where subject = 'leo' returning id`,
  );
  const order = { deadLetterId: letter!.id, operator: 'olga', reason: 'mended' };
  await tally.lane().handle([aRecord(wallet.replayDeadLetter, order, { correlationId })]);
  const [told] = await replies.of(correlationId);
  const came = told!.payload['body'] as Replay;
  expect(came).toMatchObject({ status: 'PARKED', replayed: 0, remaining: 1 });
  expect(came.error).toContain('does not take such messages');
});

it('a message that another transaction handles at the same time is no fault of the letter: the replay begins anew', async () => {
  const correlationId = uuidv7();
  await tally.lane().handle([aTopUp('mia', bug, { subject: 'mia' })]);
  const [letter] = await tally.dataSource.query<{ id: string }[]>(`select id from dead_letter where subject = 'mia'`);
  tally.handler.bugs.delete(bug);
  tally.handler.beforeSave = () => {
    tally.handler.beforeSave = () => Promise.resolve();
    return Promise.reject(new HandledMeanwhile());
  };
  const order = { deadLetterId: letter!.id, operator: 'olga', reason: 'mended' };
  await tally.lane().handle([aRecord(wallet.replayDeadLetter, order, { correlationId })]);
  const [told] = await replies.of(correlationId);
  expect(told!.payload['body']).toMatchObject({ status: 'REPLAYED', replayed: 1 });
  expect(await tally.total('mia')).toBe(bug);
});
