import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  aConcertWith,
  anActiveFanWith,
  type AQueueingFan,
  eventually,
  expectStatus,
  freeSeats,
  rowsOf,
  startSystem,
  type System,
} from '#testing';
import { Kafka, logLevel } from 'kafkajs';
import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { answered, expectRefusal, opsOf } from './command-line.js';

interface Purchase {
  readonly fan: AQueueingFan;
  readonly reservationId: string;
  readonly paymentId: string;
  /** The X-Request-Id of each answer. */
  readonly holdRequest: string;
  readonly payRequest: string;
  readonly traceId: string;
}

describe('the trail', () => {
  let system: System;
  let ops: ReturnType<typeof opsOf>;
  let purchase: Purchase;

  beforeAll(async () => {
    system = await startSystem();
    ops = opsOf(system);
    purchase = await aPurchase(system);
    await aPurchase(system);
  }, 120_000);
  afterAll(() => system.stop());

  const typesIn = (steps: { type: string }[]) => steps.map(({ type }) => type);

  it('of a purchase, by the id of its first request, has every step in its order and what came of it', async () => {
    const { steps, ...about } = answered(await ops(['trail', purchase.holdRequest, '--json']));
    expect(about).toMatchObject({ id: purchase.holdRequest, cut: false, database: true });
    const way = [
      'queue.JoinQueue.v1',
      'concert.HoldSeats.v1',
      'concert.SeatsHeld.v1',
      'reservation.StartPayment.v1',
      'PAYMENT_STARTED',
      'wallet.Debit.v1',
      'WALLET_DEBITED',
      'concert.ConfirmSeats.v1',
      'SEATS_CONFIRMED',
      'reservation.ReservationConfirmed.v1',
      'queue.ExpireToken.v1',
      'TOKEN_EXPIRED',
    ];
    const seen = typesIn(steps).filter((type) => way.includes(type));
    expect(seen.filter((type) => !/ReservationConfirmed|ExpireToken/.test(type))).toEqual(
      way.filter((type) => !/ReservationConfirmed|ExpireToken/.test(type)),
    );
    // What one decision sends is on different topics, in no order.
    expect([...seen].sort()).toEqual([...way].sort());
    const hold = steps.find(({ type }: { type: string }) => type === 'concert.HoldSeats.v1');
    expect(hold).toMatchObject({
      where: expect.stringMatching(/^concert\.commands\/\d@\d+$/),
      from: 'gateway',
      to: 'concert',
      causedBy: null,
      what: 'seats=1',
      outcomes: [{ service: 'concert', outcome: 'forwarded' }],
    });
    const held = steps.find(({ type }: { type: string }) => type === 'concert.SeatsHeld.v1');
    expect(held).toMatchObject({ causedBy: hold.id, outcomes: [{ service: 'reservation', outcome: 'answered' }] });
    const answers = steps.filter(({ to }: { to: string }) => to === 'gateway');
    expect(answers.length).toBeGreaterThanOrEqual(3);
  });

  it('is the same by its other request, its reservation, payment, trace and traceparent', async () => {
    const { steps } = answered(await ops(['trail', purchase.holdRequest, '--json']));
    const { payRequest, reservationId, paymentId, traceId } = purchase;
    for (const id of [payRequest, reservationId.toUpperCase(), paymentId, `00-${traceId}-b7ad6b7169203331-01`]) {
      expect([id, answered(await ops(['trail', id, '--json'])).steps]).toEqual([id, steps]);
    }
  });

  it('of a user has the top-ups too, and nobody else’s', async () => {
    const { steps } = answered(await ops(['trail', purchase.fan.userId, '--json']));
    const types = typesIn(steps);
    expect(types.filter((type) => type === 'wallet.TopUp.v1')).toHaveLength(1);
    expect(types.filter((type) => type === 'concert.HoldSeats.v1')).toHaveLength(1);
  });

  it('is lines for people: time, cause, type, from and to, reading, place', async () => {
    const { code, stdout } = await ops(['trail', purchase.reservationId]);
    expect(code).toBe(0);
    const [title, , heads, ...lines] = stdout.trimEnd().split('\n');
    expect(title).toContain(purchase.reservationId);
    expect(heads).toMatch(/^ *# +time +by +type +from → to +outcome +what +where +id$/);
    const held = lines.find((line) => line.includes('concert.SeatsHeld.v1'));
    expect(held).toMatch(
      /^ *\d+ +[\d:.]{12} +\d+ +concert\.SeatsHeld\.v1 +concert → queue, reservation +reservation: answered +title=.* +concert\.events\/\d@\d+ +[\da-f-]{36}$/,
    );
  });

  it('reads no more than the time it is told to', async () => {
    const said = await ops(['trail', purchase.fan.userId, '--since', '0s']);
    expect(said).toMatchObject({ code: 1, stdout: '' });
    const none = await ops(['trail', purchase.holdRequest, '--since', '2h', '--for', '1h']);
    expect(none.stderr).toMatch(/^nothing is known of .* \(0 records read\)\n$/);
  });

  it('shows what lies in the dead letters and waits to be replayed', async () => {
    const id = uuidv7();
    await sendJunk(system, id);
    await eventually(async () => (await rowsOf(system.adminDatabaseUrl, 'select from wallet.dead_letter')).length > 0);
    const trail = await eventually(async () => {
      const found = answered(await ops(['trail', id, '--json']));
      return found.steps.length === 3 && found;
    });
    const [command, ...parked] = trail.steps;
    expect(command).toMatchObject({ type: 'wallet.TopUp.v1', to: 'wallet' });
    const places = parked.map(({ where }: { where: string }) => where.replace(/\/.*/, ''));
    expect(places.sort()).toEqual(['wallet.commands.wallet.dlt', 'wallet.dead_letter']);
    for (const { what } of parked) expect(what).toContain('malformed');
  });

  it('says so when nothing is known of an id', async () => {
    const id = uuidv7();
    const said = await ops(['trail', id]);
    expectRefusal(said, 1, new RegExp(`^nothing is known of ${id} since `));
  });

  it('has the messages alone, and says so, when no database answers', async () => {
    const said = await ops(['trail', purchase.reservationId, '--json'], {
      AUDIT_DATABASE_URL: 'postgres://127.0.0.1:1/none',
    });
    expect(said.code).toBe(0);
    expect(said.stderr).toMatch(/^the messages alone: the database cannot be asked: [^\n]*ECONNREFUSED[^\n]*\n$/);
    const { database, steps } = JSON.parse(said.stdout);
    expect(database).toBe(false);
    expect(typesIn(steps)).not.toContain('PAYMENT_STARTED');
    expect(typesIn(steps)).toContain('wallet.Debit.v1');
  });

  it('is not the only look at the tables: the audit finds that every invariant holds', async () => {
    const report = answered(await ops(['audit', '--json']));
    expect(report).toMatchObject({ atRest: false, violations: 0 });
    expect(report.checks.length).toBeGreaterThan(10);
    expect((await ops(['audit'])).stdout).toMatch(/every invariant holds\n$/);
    const blind = await ops(['audit'], { AUDIT_DATABASE_URL: 'postgres://127.0.0.1:1/none' });
    expectRefusal(blind, 2, /^could not look: .*ECONNREFUSED/);
  });

  it('says in one line that no broker answers', async () => {
    const said = await ops(['trail', purchase.reservationId], { KAFKA_BROKERS: '127.0.0.1:1' });
    expectRefusal(said, 2, /^Kafka at 127\.0\.0\.1:1 cannot be read: ./);
  });

  it('leaves no consumer group behind', async () => {
    await ops(['trail', purchase.reservationId]);
    const admin = new Kafka({ brokers: [...system.kafka.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      const { groups } = await admin.listGroups();
      const ours = groups.map(({ groupId }) => groupId).filter((group) => group.startsWith(system.kafka.prefix));
      expect(ours).toContain(`${system.kafka.prefix}wallet.commands.wallet`);
      expect(ours.filter((group) => group.includes('scan'))).toEqual([]);
    } finally {
      await admin.disconnect();
    }
  });
});

/** One seat, from the queue to the payment's very end, each request under one trace. */
async function aPurchase(system: System): Promise<Purchase> {
  const concert = await aConcertWith(system, { seats: 2 });
  const fan = await anActiveFanWith(system, concert, concert.price);
  const traceId = randomUUID().replaceAll('-', '');
  const traced = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  const [seatId] = await eventually(async () => {
    const seats = await freeSeats(fan, concert);
    return seats.length > 0 && seats;
  });
  const hold = await fan.api.post('/v1/reservations', { scheduleId: concert.scheduleId, seatIds: [seatId] }, traced);
  const { reservationId } = expectStatus(hold, 201);
  const pay = await fan.api.post(`/v1/reservations/${reservationId}/payment`, undefined, traced);
  const { paymentId } = expectStatus(pay, 201);
  await eventually(async () => {
    const [row] = await rowsOf(system.adminDatabaseUrl, 'select state from reservation.payment where payment_id = $1', [
      paymentId,
    ]);
    return row?.state === 'COMPLETED';
  });
  const requestOf = ({ headers }: { headers: Headers }) => headers.get('x-request-id') ?? '';
  return { fan, reservationId, paymentId, traceId, holdRequest: requestOf(hold), payRequest: requestOf(pay) };
}

/** A top-up that is none, with nobody to be answered. */
async function sendJunk({ kafka }: System, id: string): Promise<void> {
  const producer = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const headers = { ce_id: id, ce_type: 'wallet.TopUp.v1', ce_source: 'test', ce_subject: id, correlationid: id };
  const messages = [{ key: 'nobody', value: '{"amount":"much"}', headers }];
  await producer.send({ topic: `${kafka.prefix}wallet.commands`, messages });
  await producer.disconnect();
}
