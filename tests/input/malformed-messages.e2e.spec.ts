import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes, randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { Kafka, logLevel } from 'kafkajs';
import {
  aConcertWith,
  aHeldReservation,
  aPaidReservation,
  eventually,
  expectStatus,
  type Role,
  rowsOf,
  startSystem,
  type System,
} from '#testing';

/** Who obeys which topic, and one message of it that would do something if it were well-formed. */
const commandTopics: { topic: string; service: Role; type: string; payload: object }[] = [
  {
    topic: 'queue.commands',
    service: 'queue',
    type: 'queue.JoinQueue.v1',
    payload: { concertId: randomUUID(), userId: 'nobody', tokenId: randomUUID() },
  },
  {
    topic: 'concert.commands',
    service: 'concert',
    type: 'concert.HoldSeats.v1',
    payload: {
      scheduleId: randomUUID(),
      concertId: randomUUID(),
      reservationId: randomUUID(),
      userId: 'nobody',
      seatIds: [randomUUID()],
    },
  },
  {
    topic: 'reservation.commands',
    service: 'reservation',
    type: 'reservation.CancelReservation.v1',
    payload: { reservationId: randomUUID(), userId: 'nobody' },
  },
  {
    topic: 'wallet.commands',
    service: 'wallet',
    type: 'wallet.TopUp.v1',
    payload: { topUpId: randomUUID(), userId: 'nobody', amount: 1_000 },
  },
];

describe('a malformed message', () => {
  let system: System;
  let kafka: Kafka;

  beforeAll(async () => {
    system = await startSystem();
    kafka = new Kafka({ brokers: [...system.kafka.brokers], logLevel: logLevel.NOTHING });
  });
  afterAll(() => system.stop());

  const rows = (sql: string, values: unknown[] = []) => rowsOf(system.adminDatabaseUrl, sql, values);
  const named = (topic: string) => `${system.kafka.prefix}${topic}`;

  it.each(commandTopics)('in $topic is parked with its reason, and its partition goes on', async (commands) => {
    const { topic, service, type, payload } = commands;
    const partitions = 4;
    const headers = () => ({ ce_id: uuidv7(), ce_type: type, ce_subject: 'nobody' });
    const good = JSON.stringify(payload);
    const { userId: _, ...withoutUser } = payload as Record<string, unknown>;
    const malformed: { value: string | Buffer | null; headers: Record<string, string> }[] = [
      { value: null, headers: headers() },
      { value: '', headers: headers() },
      { value: 'not JSON', headers: headers() },
      { value: Buffer.from([0xff, 0x00, 0xfe]), headers: headers() },
      { value: 'null', headers: headers() },
      { value: '[]', headers: headers() },
      { value: '{}', headers: headers() },
      { value: JSON.stringify({ ...payload, userId: 42 }), headers: headers() },
      { value: JSON.stringify({ ...payload, userId: '' }), headers: headers() },
      { value: JSON.stringify(withoutUser), headers: headers() },
      { value: good, headers: {} },
      { value: good, headers: { ...headers(), ce_id: 'not-a-uuid' } },
      { value: good, headers: { ...headers(), ce_type: 'nobody.KnowsThis.v1' } },
      { value: good, headers: { ...headers(), ce_id: '-'.repeat(36) } },
      // No day of the inbox has room for these.
      { value: good, headers: { ...headers(), ce_id: '00000000-0000-4000-8000-000000000000' } },
      { value: good, headers: { ...headers(), ce_id: 'fe000000-0000-7000-8000-000000000000' } },
      { value: good, headers: { ...headers(), ce_type: 'a\u0000b' } },
      { value: good, headers: { ...headers(), ce_subject: 'a\u0000b', 'x\u0000y': '\\u0000' } },
      { value: good, headers: { ...headers(), correlationid: '\u0000' } },
      { value: good, headers: { ...headers(), replyto: 'nowhere/at/all' } },
      { value: '\u0000', headers: { ...headers(), note: '\\u0000' } },
      { value: JSON.stringify({ ...payload, userId: '🎫'.repeat(3_000) }), headers: headers() },
      // Well-formed by their schemas, and yet nothing that a table or an index can store.
      { value: JSON.stringify({ ...payload, userId: 'a\u0000b' }), headers: headers() },
      { value: good, headers: { ...headers(), ce_subject: randomBytes(3_000).toString('hex') } },
      {
        value: JSON.stringify({ deadLetterId: randomUUID(), operator: 'a\u0000b', reason: '\u0000' }),
        headers: { ...headers(), ce_type: `${service}.ReplayDeadLetter.v1` },
      },
    ];
    const producer = kafka.producer();
    await producer.connect();
    try {
      const everywhere = Array.from({ length: partitions }, (_, partition) =>
        malformed.map((one) => ({ ...one, partition, key: `key-${randomUUID()}` })),
      );
      await producer.send({ topic: named(topic), messages: everywhere.flat() });
    } finally {
      await producer.disconnect();
    }

    await eventually(() => nothingLeft(named(`${topic}.${service}`), named(topic)), { within: 60_000 });
    const parked = await rows(`select partition, reason, error from ${service}.dead_letter where topic = $1`, [topic]);
    for (let partition = 0; partition < partitions; partition += 1) {
      const here = parked.filter((letter) => letter.partition === partition);
      expect(here.filter(({ reason }) => reason === 'malformed')).toHaveLength(malformed.length);
      expect(here).toHaveLength(malformed.length);
      for (const { error } of here) expect(error).not.toBe('');
    }
  });

  it('changed nothing, and everything goes on as before', async () => {
    const [changed] = await rows(
      `select (select count(*)::int from queue.place) as places, (select count(*)::int from concert.claim) as claims,
              (select count(*)::int from reservation.reservation) as reservations,
              (select count(*)::int from wallet.entry) as entries`,
    );
    expect(changed).toEqual({ places: 0, claims: 0, reservations: 0, entries: 0 });
    const concert = await aConcertWith(system, { seats: 10 });
    // Keys enough to meet every partition.
    const paid = await Promise.all(
      (await seatsByTwo()).map((seatIds) => aPaidReservation(system, concert, { seatIds })),
    );
    for (const { fan, reservationId } of paid) {
      expect(expectStatus(await fan.api.get(`/v1/reservations/${reservationId}`), 200).status).toBe('CONFIRMED');
    }

    async function seatsByTwo(): Promise<string[][]> {
      const { fan, reservationId } = await aHeldReservation(system, concert);
      expectStatus(await fan.api.post(`/v1/reservations/${reservationId}/cancel`), 200);
      const path = `/v1/concerts/${concert.concertId}/schedules/${concert.scheduleId}/seats`;
      const { items } = expectStatus<{ items: { seatId: string }[] }>(await fan.api.get(path), 200);
      const ids = items.map(({ seatId }) => seatId);
      return Array.from({ length: 5 }, (_, index) => ids.slice(2 * index, 2 * index + 2));
    }
  });

  /** True once the group has committed every record of the topic. */
  async function nothingLeft(group: string, topic: string): Promise<boolean> {
    const admin = kafka.admin();
    await admin.connect();
    try {
      const ends = await admin.fetchTopicOffsets(topic);
      const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
      return ends.every(({ partition, high }) =>
        committed!.partitions.some((one) => one.partition === partition && Number(one.offset) >= Number(high)),
      );
    } finally {
      await admin.disconnect();
    }
  }
});
