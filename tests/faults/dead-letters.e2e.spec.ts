import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type AConcert,
  aConcertWith,
  aHeldReservation,
  type Answer,
  type ApiClient,
  type AReservation,
  eventually,
  expectProblem,
  expectStatus,
  freeSeats,
  promptSettings,
  rowsOf,
  startSystem,
  type System,
  topUp,
} from '#testing';
import { mistakesIn } from './mistakes.js';
import { plantFault } from './planted-fault.js';

interface Letter {
  readonly deadLetterId: string;
  readonly service: string;
  readonly reason: string;
  readonly type: string;
  readonly subject: string;
  readonly error: string;
}

const letters = '/v1/admin/dead-letters';

describe('a message that cannot be handled', () => {
  let system: System;
  let concert: AConcert;
  let operator: ApiClient;

  beforeAll(async () => {
    system = await startSystem({ settings: promptSettings });
    concert = await aConcertWith(system, { seats: 10 });
    operator = await system.api.signIn('olga', ['operator']);
  });
  afterAll(() => system.stop());

  const rows = (sql: string, values: unknown[] = []) => rowsOf(system.adminDatabaseUrl, sql, values);
  const replay = (id: string, reason: string, headers = {}) =>
    operator.post(`${letters}/${id}/replay`, { reason }, headers);

  async function lettersOf(subject: string, query = ''): Promise<Letter[]> {
    const { items } = expectStatus<{ items: Letter[] }>(await operator.get(letters + query), 200);
    return items.filter((letter) => letter.subject === subject);
  }

  /** The same request until it is decided. */
  function decided(send: () => Promise<Answer>): Promise<Answer> {
    return eventually(
      async () => {
        const answer = await send();
        return ![202, 503].includes(answer.status) && answer;
      },
      { within: 30_000, every: 200 },
    );
  }

  describe('of a reservation', () => {
    let held: AReservation;
    let mend: () => Promise<void>;
    let cancel: () => Promise<Answer>;
    let pay: () => Promise<Answer>;

    beforeAll(async () => {
      held = await aHeldReservation(system, concert);
      mend = await plantFault(
        system,
        'reservation',
        `old.reservation_id = '${held.reservationId}' and new.status = 'CANCELLED'`,
      );
      const request = (action: string) => {
        const key = { 'idempotency-key': randomUUID() };
        return () => held.fan.api.post(`/v1/reservations/${held.reservationId}/${action}`, undefined, key);
      };
      cancel = request('cancel');
      pay = request('payment');
    });

    it('is parked, and what comes later of its subject behind it', async () => {
      expectProblem(await decided(cancel), 'INTERNAL');
      expectProblem(await decided(pay), 'INTERNAL');
      expect(await lettersOf(held.reservationId)).toMatchObject([
        { service: 'reservation', reason: 'behind', type: 'reservation.StartPayment.v1' },
        {
          service: 'reservation',
          reason: 'fault',
          type: 'reservation.CancelReservation.v1',
          error: expect.stringContaining('a planted fault'),
        },
      ]);
    });

    it('is shown whole to an operator, and to nobody else', async () => {
      const [, first] = await lettersOf(held.reservationId);
      const path = `${letters}/${first!.deadLetterId}`;
      const whole = expectStatus<{ payload: { text: string }; headers: object }>(await operator.get(path), 200);
      expect(JSON.parse(whole.payload.text)).toEqual({ reservationId: held.reservationId, userId: held.fan.userId });
      expect(whole.headers).toMatchObject({ ce_subject: held.reservationId });
      for (const each of [letters, path, '/v1/admin/audit-log'])
        expectProblem(await held.fan.api.get(each), 'FORBIDDEN');
      expectProblem(await held.fan.api.post(`${path}/replay`, { reason: 'mine' }), 'FORBIDDEN');
    });

    it('fails again when it is replayed before the mend, and nothing else changes', async () => {
      const [, first] = await lettersOf(held.reservationId);
      const answer = expectStatus(await replay(first!.deadLetterId, 'too early'), 202);
      expect(answer).toMatchObject({ status: 'PARKED', replayed: 0, remaining: 2, error: 'a planted fault' });
      const [row] = await rows('select status from reservation.reservation where reservation_id = $1', [
        held.reservationId,
      ]);
      expect(row).toEqual({ status: 'WAITING' });
      expect(await lettersOf(held.reservationId)).toMatchObject([{ reason: 'behind' }, { reason: 'fault' }]);
    });

    it('is handled after the mend, in its order, once, and its askers are told the decision', async () => {
      await mend();
      const [, first] = await lettersOf(held.reservationId);
      const key = { 'idempotency-key': randomUUID() };
      const answer = await replay(first!.deadLetterId, 'the trigger is gone', key);
      const done = { deadLetterId: first!.deadLetterId, status: 'REPLAYED', replayed: 2, remaining: 0 };
      expect(expectStatus(answer, 202)).toEqual(done);

      const cancelled = await decided(cancel);
      expect(expectStatus(cancelled, 200)).toMatchObject({ reservationId: held.reservationId, status: 'CANCELLED' });
      // Had the payment come first, it would have been made.
      expectProblem(await decided(pay), 'RESERVATION_NOT_PAYABLE');
      await eventually(async () => (await freeSeats(held.fan, concert)).includes(held.seatIds[0]!));
      expect(await lettersOf(held.reservationId)).toEqual([]);
      expect(await lettersOf(held.reservationId, '?replayed=true')).toHaveLength(2);

      const repeated = await replay(first!.deadLetterId, 'the trigger is gone', key);
      expect([expectStatus(repeated, 202), repeated.headers.get('idempotent-replayed')]).toEqual([done, 'true']);
      expect(expectStatus(await replay(first!.deadLetterId, 'once more'), 202)).toEqual({ ...done, replayed: 0 });
      const inbox = await rows('select from reservation.inbox where outcome ->> $1 = $2', ['kind', 'parked']);
      expect(inbox).toEqual([]);
    });

    it('is in the audit log: who replayed what, why, and what came of it', async () => {
      const [, first] = await lettersOf(held.reservationId, '?replayed=true');
      const { items } = expectStatus<{ items: { subject: string }[] }>(await operator.get('/v1/admin/audit-log'), 200);
      const act = { operator: 'olga', service: 'reservation', action: 'reservation.ReplayDeadLetter.v1' };
      expect(items.filter(({ subject }) => subject === first!.deadLetterId)).toMatchObject([
        { ...act, reason: 'once more', outcome: 'REPLAYED' },
        { ...act, reason: 'the trigger is gone', outcome: 'REPLAYED' },
        { ...act, reason: 'too early', outcome: 'PARKED' },
      ]);
    });
  });

  it('and is what a payment waits for leaves it STUCK at once, until its replay lets it go on', async () => {
    const held = await aHeldReservation(system, concert);
    await topUp(held.fan, held.amount);
    const mend = await plantFault(
      system,
      'payment',
      `new.reservation_id = '${held.reservationId}' and new.state = 'CONFIRMING'`,
    );
    const key = { 'idempotency-key': randomUUID() };
    const pay = () => held.fan.api.post(`/v1/reservations/${held.reservationId}/payment`, undefined, key);
    expect((await pay()).status).toBe(202);
    const payment = await eventually(async () => {
      const [row] = await rows(
        'select payment_id, state, stuck_reason, next_check_at from reservation.payment where reservation_id = $1',
        [held.reservationId],
      );
      expect(row).toMatchObject({ state: 'DEBITING', next_check_at: null });
      return row;
    });
    expect(payment!['stuck_reason']).toContain('is parked (fault): error: a planted fault');

    await mend();
    const [letter] = await lettersOf(payment!['payment_id']);
    expect(expectStatus(await replay(letter!.deadLetterId, 'mended'), 202)).toMatchObject({ status: 'REPLAYED' });
    expect(expectStatus(await decided(pay), 201)).toMatchObject({ status: 'COMPLETED' });
    expect(await mistakesIn(system)).toEqual([]);
  });

  it('is not kept from an operator in silence: while one service is away, there is no list', async () => {
    await system.processes.queue[0]!.stop();
    expectProblem(await operator.get(letters), 'OVERLOADED');
    await system.processes.queue[0]!.restart();
    await eventually(async () => (await operator.get(letters)).status === 200);
  });
});
