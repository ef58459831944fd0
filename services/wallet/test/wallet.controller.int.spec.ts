import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { SETTINGS } from '#service';
import { emptyDatabase } from '#testing';
import { WalletController } from '../src/http/wallet.controller.js';
import { WalletQueries } from '../src/postgres/wallet.queries.js';
import { aDebit, aRefund, aTopUp, WalletDatabase } from './wallet.database.js';

@Module({})
class QueriesModule {}

describe('the wallet queries', () => {
  let database: WalletDatabase;
  let app: NestFastifyApplication;
  beforeAll(async () => {
    database = await WalletDatabase.in(await emptyDatabase());
    const root = {
      module: QueriesModule,
      controllers: [WalletController],
      providers: [
        WalletQueries,
        { provide: DataSource, useValue: database.dataSource },
        { provide: SETTINGS, useValue: { CURRENCY: 'KRW' } },
      ],
    };
    app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), {
      logger: false,
      abortOnError: false,
    });
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const get = async (path: string, query: Record<string, string>) => {
    const response = await app.inject({ method: 'GET', url: `/internal/wallet${path}`, query });
    return { status: response.statusCode, body: response.json<Record<string, any>>() };
  };

  it('show a user never seen an empty wallet', async () => {
    expect(await get('', { userId: 'nobody' })).toEqual({
      status: 200,
      body: { userId: 'nobody', balance: 0, currency: 'KRW', updatedAt: null },
    });
    expect(await get('/entries', { userId: 'nobody' })).toEqual({ status: 200, body: { items: [], nextCursor: null } });
  });

  it('show the balance, and since when', async () => {
    const { outcomes } = await database.handle(aTopUp('ada', 500));
    const booked = outcomes[0]?.kind === 'answered' ? outcomes[0].body : {};
    expect((await get('', { userId: 'ada' })).body).toEqual({
      userId: 'ada',
      balance: 500,
      currency: 'KRW',
      updatedAt: booked.createdAt,
    });
  });

  it('show the entries of that wallet alone, newest first, with positive amounts', async () => {
    const paymentId = uuidv7();
    await database.handle(aTopUp('bob', 900), aTopUp('ada', 1), aDebit('bob', 300, paymentId));
    await database.handle(aRefund('bob', paymentId));
    const { items, nextCursor } = (await get('/entries', { userId: 'bob' })).body;
    expect(nextCursor).toBeNull();
    expect(items).toEqual(
      [
        { kind: 'REFUND', amount: 300, balanceAfter: 900, paymentId },
        { kind: 'DEBIT', amount: 300, balanceAfter: 600, paymentId },
        { kind: 'TOP_UP', amount: 900, balanceAfter: 900, paymentId: null },
      ].map((entry) => ({ ...entry, entryId: expect.any(String), createdAt: expect.stringMatching(/Z$/) })),
    );
  });

  it('page through all entries without repeating or skipping one, though new ones come in between', async () => {
    await database.handle(...Array.from({ length: 7 }, (_, n) => aTopUp('cho', n + 1)));
    const seen: number[] = [];
    let cursor: string | null = null;
    do {
      const query: Record<string, string> = { userId: 'cho', limit: '3', ...(cursor && { cursor }) };
      const { body } = await get('/entries', query);
      seen.push(...body.items.map((item: { amount: number }) => item.amount));
      cursor = body.nextCursor;
      await database.handle(aTopUp('cho', 100));
    } while (cursor !== null);
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
  });

  it.each([
    ['no user', '', {}],
    ['no user', '/entries', {}],
    ['an empty user', '', { userId: '' }],
    ['a bad cursor', '/entries', { userId: 'ada', cursor: 'nonsense' }],
    ['a limit of 0', '/entries', { userId: 'ada', limit: '0' }],
    ['a limit over 100', '/entries', { userId: 'ada', limit: '101' }],
  ])('refuse %s at /internal/wallet%s', async (_, path, query) => {
    expect(await get(path, query as Record<string, string>)).toEqual({
      status: 400,
      body: { code: 'INVALID_REQUEST', errors: [{ path: expect.any(String), message: expect.any(String) }] },
    });
  });
});
