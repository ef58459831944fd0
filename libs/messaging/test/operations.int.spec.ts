import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { writeDeadLetters } from '../src/postgres/dead-letter.store.js';
import { writeOperatorLog } from '../src/postgres/operator-log.store.js';
import { OperationsController } from '../src/operations/operations.controller.js';
import { OperationsQueries } from '../src/operations/operations.queries.js';
import { inTransaction } from '../src/postgres/transaction.js';
import { startTally, type TallyService } from './tally.js';

@Module({})
class QueriesModule {}

describe('what a service shows its operators', () => {
  let tally: TallyService;
  let app: NestFastifyApplication;

  beforeAll(async () => {
    tally = await startTally();
    const root = {
      module: QueriesModule,
      controllers: [OperationsController],
      providers: [OperationsQueries, { provide: DataSource, useValue: tally.dataSource }],
    };
    app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), { logger: false });
    await app.init();
    for (const value of ['{"a":"ä"}', Buffer.from([0x7b, 0xff, 0x7d]), 'no JSON', null]) await park(value);
    await tally.dataSource.query(`update dead_letter set replayed_at = now() where "offset" = 2`);
  });
  afterAll(async () => {
    await app.close();
    await tally.close();
  });

  let offset = 0n;
  function park(value: string | Buffer | null): Promise<void> {
    const headers = { ce_type: 'wallet.TopUp.v1', ce_id: uuidv7(), 'x-note': 'kept' };
    const record = {
      topic: 'wallet.commands',
      partition: 3,
      offset: (offset += 1n),
      key: 'ada',
      value: value === null ? null : Buffer.from(value),
      headers,
      appendedAt: Date.now(),
    };
    const letter = {
      record,
      subject: 'one',
      reason: 'fault',
      error: `${'long '.repeat(50)}\nand more`,
      attempts: 1,
    } as const;
    return inTransaction(tally.dataSource, (tx) => writeDeadLetters(tx, 'wallet.commands.tally', [letter]));
  }

  const get = async (path: string) => {
    const response = await app.inject({ method: 'GET', url: `/internal/${path}` });
    return { status: response.statusCode, body: response.json<Record<string, any>>() };
  };
  const offsets = ({ body }: { body: Record<string, any> }) =>
    body['items'].map((item: { offset: number }) => item.offset);

  it('are its dead letters, newest first, page by page, replayed or not or both', async () => {
    const first = await get('dead-letters?limit=3');
    expect(offsets(first)).toEqual([4, 3, 2]);
    expect(offsets(await get(`dead-letters?limit=3&cursor=${first.body['nextCursor']}`))).toEqual([1]);
    expect(offsets(await get('dead-letters?replayed=false'))).toEqual([4, 3, 1]);
    expect(offsets(await get('dead-letters?replayed=true'))).toEqual([2]);
    const [letter] = first.body['items'];
    expect(letter).toMatchObject({
      subject: 'one',
      reason: 'fault',
      replayedAt: null,
      consumer: 'wallet.commands.tally',
    });
    expect(letter.error).toBe('long '.repeat(40));
    expect(letter.payload).toBeUndefined();
  });

  it('is one letter, whole: JSON as it came, anything else as its bytes', async () => {
    const { body } = await get('dead-letters');
    const ids = body['items'].map((item: { deadLetterId: string }) => item.deadLetterId).toReversed();
    const payloads = [];
    for (const id of ids) payloads.push((await get(`dead-letters/${id}`)).body['payload']);
    expect(payloads).toEqual([
      { encoding: 'JSON', text: '{"a":"ä"}' },
      { encoding: 'BASE64', text: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64') },
      { encoding: 'BASE64', text: Buffer.from('no JSON').toString('base64') },
      null,
    ]);
    const whole = await get(`dead-letters/${ids[0]}`);
    expect(whole.body).toMatchObject({ headers: { 'x-note': 'kept' }, error: expect.stringContaining('and more') });
  });

  it('is refused where it is not asked for rightly, or is not there', async () => {
    expect(await get(`dead-letters/${uuidv7()}`)).toMatchObject({
      status: 404,
      body: { code: 'DEAD_LETTER_NOT_FOUND' },
    });
    for (const path of [
      'dead-letters/one',
      'dead-letters?cursor=x',
      'dead-letters?replayed=maybe',
      'operator-log?limit=0',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 400]);
  });

  it('is what its operators did, newest first', async () => {
    const act = { messageId: uuidv7(), operator: 'olga', action: 'wallet.X.v1', reason: 'why', outcome: 'answered' };
    await inTransaction(tally.dataSource, async (tx) => {
      tx.now = new Date('2026-11-25T10:00:00.000Z');
      await writeOperatorLog(tx, [
        { ...act, subject: 'first' },
        { ...act, subject: 'second' },
      ]);
    });
    const { body } = await get('operator-log?limit=1');
    expect(body['items']).toMatchObject([{ ...act, subject: 'second', at: '2026-11-25T10:00:00.000Z' }]);
    expect((await get(`operator-log?cursor=${body['nextCursor']}`)).body).toMatchObject({
      items: [{ subject: 'first' }],
      nextCursor: null,
    });
  });
});
