import 'reflect-metadata';
import { concert, reservation, wallet } from '#contracts';
import { emptyDatabase } from '#testing';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { OperatorPaymentController } from '../src/http/operator-payment.controller.js';
import { PaymentController } from '../src/http/payment.controller.js';
import { ReservationController } from '../src/http/reservation.controller.js';
import { OperatorPaymentQueries } from '../src/postgres/operator-payment.queries.js';
import { PaymentQueries } from '../src/postgres/payment.queries.js';
import { ReservationQueries } from '../src/postgres/reservation.queries.js';
import { aMessage, aReply, aSeatsHeld, sentAs } from './message.builders.js';
import { aPlace, id } from './reservation.builders.js';
import { ReservationDatabase } from './reservation.database.js';

@Module({})
class QueriesModule {}

const minute = 60_000;

describe('the queries', () => {
  let database: ReservationDatabase;
  let app: NestFastifyApplication;
  beforeAll(async () => {
    database = await ReservationDatabase.in(await emptyDatabase());
    const root = {
      module: QueriesModule,
      controllers: [ReservationController, PaymentController, OperatorPaymentController],
      providers: [
        ReservationQueries,
        PaymentQueries,
        OperatorPaymentQueries,
        { provide: DataSource, useValue: database.dataSource },
      ],
    };
    const options = { logger: false, abortOnError: false } as const;
    app = await NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), options);
    await app.init();
  });
  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  const get = async (url: string, query: Record<string, string>) => {
    const response = await app.inject({ method: 'GET', url: `/internal${url}`, query });
    return { status: response.statusCode, body: response.json<Record<string, any>>() };
  };
  const statuses = (items: { status: string }[]) => items.map(({ status }) => status);

  /** Held by the user some minutes ago, until some minutes from now (negative: ended). */
  async function aHold(userId: string, { ago = 1, left = 4, concertId = id('concert') } = {}): Promise<string> {
    const reservationId = uuidv7();
    const heldAt = new Date(Date.now() - ago * minute).toISOString();
    const heldUntil = new Date(Date.now() + left * minute).toISOString();
    const held = aSeatsHeld({ reservationId, userId, concertId, heldAt, heldUntil });
    await database.handle(database.events, [held]);
    return reservationId;
  }
  async function aPayment(reservationId: string, userId: string): Promise<string> {
    const paymentId = uuidv7();
    const start = aMessage(reservation.startPayment, { reservationId, paymentId, userId, place: aPlace });
    const began = await database.handle(database.commands, [start] as never[]);
    const debit = sentAs(wallet.debit, began.decisions[0]?.send);
    const debited = await database.handle(database.replies, [aReply(debit)]);
    await database.handle(database.replies, [aReply(sentAs(concert.confirmSeats, debited.decisions[0]?.send))]);
    return paymentId;
  }

  it('show a reservation to its user, and to nobody else', async () => {
    const reservationId = await aHold('ada');
    const { status, body } = await get(`/reservations/${reservationId}`, { userId: 'ada' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ reservationId, status: 'WAITING', amount: 3_000, refundedAmount: 0, paidAt: null });
    expect(body.expiresInSeconds).toBeGreaterThan(200);
    expect(body.expiresInSeconds).toBeLessThanOrEqual(240);
    for (const [path, userId] of [
      [`/reservations/${reservationId}`, 'bob'],
      [`/reservations/${uuidv7()}`, 'ada'],
    ] as const) {
      expect(await get(path, { userId })).toEqual({ status: 404, body: { code: 'RESERVATION_NOT_FOUND' } });
    }
  });

  it('show a waiting reservation past its end as EXPIRED, and filter by what they show', async () => {
    const waiting = await aHold('eve', { ago: 3 });
    const ended = await aHold('eve', { ago: 6, left: -1 });
    const paid = await aHold('eve', { ago: 2 });
    await aPayment(paid, 'eve');
    const list = async (filter: Record<string, string>) =>
      (await get('/reservations', { userId: 'eve', ...filter })).body.items.map(
        (item: { reservationId: string }) => item.reservationId,
      );
    expect(statuses((await get('/reservations', { userId: 'eve' })).body.items)).toEqual([
      'CONFIRMED',
      'WAITING',
      'EXPIRED',
    ]);
    expect(await list({ status: 'EXPIRED' })).toEqual([ended]);
    expect(await list({ status: 'WAITING' })).toEqual([waiting]);
    expect(await list({ status: 'CONFIRMED' })).toEqual([paid]);
    expect(await list({ status: 'PAYING' })).toEqual([]);
    expect((await get(`/reservations/${ended}`, { userId: 'eve' })).body).toMatchObject({
      status: 'EXPIRED',
      expiresInSeconds: 0,
    });
  });

  it('list page by page, newest first, without losing or repeating one', async () => {
    const held: string[] = [];
    for (const ago of [5, 4, 3, 2, 2]) held.unshift(await aHold('kim', { ago }));
    const elsewhere = await aHold('kim', { ago: 1, concertId: id('concert', 2) });
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const { body } = await get('/reservations', { userId: 'kim', limit: '2', ...(cursor && { cursor }) });
      found.push(...body.items.map((item: { reservationId: string }) => item.reservationId));
      cursor = body.nextCursor;
    } while (cursor);
    expect(found).toEqual([elsewhere, ...held]);
    const there = await get('/reservations', { userId: 'kim', concertId: id('concert', 2) });
    expect(there.body).toMatchObject({ items: [{ reservationId: elsewhere }], nextCursor: null });
    expect((await get('/reservations', { userId: 'kim', limit: '6' })).body.nextCursor).toBeNull();
  });

  it('show a payment with its timeline to its user, and to nobody else', async () => {
    const reservationId = await aHold('lea');
    const paymentId = await aPayment(reservationId, 'lea');
    const { status, body } = await get(`/payments/${paymentId}`, { userId: 'lea' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ paymentId, reservationId, status: 'COMPLETED', amount: 3_000, failure: null });
    expect(body.timeline.map(({ event }: { event: string }) => event)).toEqual([
      'PAYMENT_STARTED',
      'WALLET_DEBITED',
      'SEATS_CONFIRMED',
    ]);
    expect((await get(`/reservations/${reservationId}`, { userId: 'lea' })).body).toMatchObject({
      status: 'CONFIRMED',
      paymentId,
      paidAt: body.paidAt,
    });
    for (const [path, userId] of [
      [`/payments/${paymentId}`, 'bob'],
      [`/payments/${uuidv7()}`, 'lea'],
    ] as const) {
      expect(await get(path, { userId })).toEqual({ status: 404, body: { code: 'PAYMENT_NOT_FOUND' } });
    }
  });

  it.each([
    ['/reservations', {}],
    ['/reservations', { userId: 'ada', status: 'PAID' }],
    ['/reservations', { userId: 'ada', limit: '0' }],
    ['/reservations', { userId: 'ada', limit: '101' }],
    ['/reservations', { userId: 'ada', limit: 'ten' }],
    ['/reservations', { userId: 'ada', concertId: '7' }],
    ['/reservations', { userId: 'ada', cursor: 'no cursor' }],
    [
      '/reservations',
      { userId: 'ada', cursor: Buffer.from('{"createdAt":"x","reservationId":"y"}').toString('base64url') },
    ],
    ['/reservations', { userId: 'ada', colour: 'red' }],
    ['/reservations/7', { userId: 'ada' }],
    ['/payments/7', { userId: 'ada' }],
    ['/admin/payments', { status: 'OPEN' }],
    ['/admin/payments', { userId: 'ada' }],
    ['/admin/payments', { cursor: Buffer.from('["x","y"]').toString('base64url') }],
    ['/admin/payments/7', {}],
  ] as [string, Record<string, string>][])('refuse %s with %p', async (path, query) => {
    expect(await get(path, query)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });
});
