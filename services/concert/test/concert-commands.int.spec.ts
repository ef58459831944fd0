import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { concert } from '#contracts';
import { inTransaction } from '#messaging';
import { emptyDatabase, eventually } from '#testing';
import { aCommand } from './command.builders.js';
import { aConcert, aHold, aSchedule, ConcertDatabase, type Show, wordOf } from './concert.database.js';

describe('the seats in PostgreSQL', () => {
  let database: ConcertDatabase;
  beforeAll(async () => {
    database = await ConcertDatabase.in(await emptyDatabase());
  });
  afterAll(() => database.drop());

  const claimsOf = ({ scheduleId }: Show) =>
    database.query<{ seat_id: string; reservation_id: string; status: string; end_reason: string | null }>(
      'select * from claim where schedule_id = $1 order by claimed_at, id',
      [scheduleId],
    );

  const handle = async (commands: Parameters<ConcertDatabase['handle']>[0], later?: number) =>
    (await database.handle(commands, later)).outcomes;

  it('are made with their schedule, row by row', async () => {
    const { scheduleId } = await database.aShow([
      { section: 'B', rows: 1, seatsPerRow: 2, price: 500 },
      { section: 'A', rows: 2, seatsPerRow: 2, price: 1_000 },
      { section: 'B', rows: 1, seatsPerRow: 1, price: 0 },
    ]);
    const seats = await database.query<Record<string, unknown>>(
      `select section, row_name, number, price, position from seat where schedule_id = $1 order by position`,
      [scheduleId],
    );
    expect(seats.map((seat) => Object.values(seat))).toEqual([
      ['B', '1', 1, 500n, 1],
      ['B', '1', 2, 500n, 2],
      ['A', '1', 1, 1_000n, 3],
      ['A', '1', 2, 1_000n, 4],
      ['A', '2', 1, 1_000n, 5],
      ['A', '2', 2, 1_000n, 6],
      ['B', '2', 1, 0n, 7],
    ]);
  });

  it('of a hundred thousand are made by one statement', async () => {
    const { concertId } = await database.aShow();
    const scheduleId = uuidv7();
    const commands = [aSchedule(concertId, scheduleId, [{ section: 'A', rows: 100, seatsPerRow: 1_000, price: 1 }])];
    const { outcomes, statements } = await database.handle(commands);
    expect(outcomes).toEqual([{ kind: 'answered', body: { scheduleId, seatsTotal: 100_000 } }]);
    // One to read, one to note that there is something to count, and one to wake the timer that has it counted.
    expect(statements).toBe(4);
    expect(await database.query('select count(*)::int from seat where schedule_id = $1', [scheduleId])).toEqual([
      { count: 100_000 },
    ]);
  });

  it('need their concert, and are made once', async () => {
    const { concertId, scheduleId } = await database.aShow();
    const blocks = [{ section: 'A', rows: 1, seatsPerRow: 1, price: 1 }];
    const outcomes = await handle([
      aSchedule(uuidv7(), uuidv7(), blocks),
      aSchedule(concertId, scheduleId, blocks),
      aConcert(concertId, 'another title'),
    ]);
    expect(outcomes).toMatchObject([
      { kind: 'rejected', code: 'CONCERT_NOT_FOUND' },
      { kind: 'answered', body: { seatsTotal: 10 } },
      { kind: 'forwarded', message: { payload: { concertId, title: 'Winter Tour' } } },
    ]);
  });

  it('go to the first of a batch that asks, all or none', async () => {
    const show = await database.aShow();
    const [a, b, c] = show.seatIds as [string, string, string];
    const outcomes = await handle([
      aHold(show, [b, a]),
      aHold(show, [b, c], { userId: 'bob' }),
      aHold(show, [c], { userId: 'cyd' }),
      aHold(show, [uuidv7()]),
    ]);
    expect(outcomes.map(wordOf)).toEqual(['forwarded', 'ALREADY_RESERVED_SEAT', 'forwarded', 'SEAT_NOT_FOUND']);
    expect((await claimsOf(show)).map(({ seat_id }) => seat_id).sort()).toEqual([a, b, c].sort());
    expect(wordOf((await handle([aHold(show, [a], { userId: 'bob' })]))[0])).toBe('ALREADY_RESERVED_SEAT');
  });

  it('are held, released and held again in one batch', async () => {
    const show = await database.aShow();
    const [first, second] = [uuidv7(), uuidv7()];
    const seatIds = [show.seatIds[0]!];
    const { scheduleId } = show;
    const outcomes = await handle([
      aHold(show, seatIds, { reservationId: first }),
      aCommand(concert.releaseHold, { scheduleId, reservationId: first, reason: 'CANCELLED' }),
      aHold(show, seatIds, { reservationId: second, userId: 'bob' }),
    ]);
    expect(outcomes.map(wordOf)).toEqual(['forwarded', 'forwarded', 'forwarded']);
    expect(await claimsOf(show)).toMatchObject([
      { reservation_id: first, end_reason: 'CANCELLED' },
      { reservation_id: second, end_reason: null },
    ]);
  });

  it('are held, sold and given back in one batch or in several', async () => {
    for (const together of [true, false]) {
      const show = await database.aShow();
      const [reservationId, paymentId] = [uuidv7(), uuidv7()];
      const seatIds = show.seatIds.slice(0, 2);
      const of = { scheduleId: show.scheduleId, reservationId };
      const commands = [
        aHold(show, seatIds, { reservationId }),
        aCommand(concert.extendHold, { ...of, until: '2099-01-01T00:00:00.000Z' }),
        aCommand(concert.confirmSeats, { ...of, paymentId, seatIds }),
        aCommand(concert.confirmSeats, { ...of, paymentId, seatIds }),
        aCommand(concert.revokeConfirm, { ...of, paymentId }),
        aCommand(concert.releaseHold, { ...of, reason: 'EXPIRED' }),
        aCommand(concert.cancelSeats, { ...of, paymentId }),
        aHold(show, seatIds, { userId: 'bob' }),
      ];
      const batches = together ? [commands] : commands.map((command) => [command]);
      const outcomes = [];
      for (const batch of batches) outcomes.push(...(await handle(batch)));
      expect(outcomes).toMatchObject([
        { kind: 'forwarded', message: { payload: { amount: 2_000 } } },
        { kind: 'done' },
        { kind: 'answered', body: { paymentId } },
        { kind: 'answered', body: { paymentId } },
        { kind: 'answered', body: { paymentId, confirmed: true } },
        { kind: 'forwarded', message: { payload: { seatIds: [] } } },
        { kind: 'answered', body: { reservationId } },
        { kind: 'forwarded' },
      ]);
      expect(await database.query('select result from confirmation where payment_id = $1', [paymentId])).toEqual([
        { result: 'confirmed' },
      ]);
    }
  });

  it('of a lapsed hold are taken over, and its payment is refused for ever', async () => {
    const show = await database.aShow();
    const { scheduleId } = show;
    const [reservationId, paymentId] = [uuidv7(), uuidv7()];
    const seatIds = show.seatIds.slice(0, 2);
    await handle([aHold(show, seatIds, { reservationId })]);
    const late = [aHold(show, [seatIds[0]!], { userId: 'bob' })];
    expect((await handle(late, 299)).map(wordOf)).toEqual(['ALREADY_RESERVED_SEAT']);
    expect((await handle(late, 301)).map(wordOf)).toEqual(['forwarded']);
    const confirm = aCommand(concert.confirmSeats, { scheduleId, reservationId, paymentId, seatIds });
    expect((await handle([confirm])).map(wordOf)).toEqual(['EXPIRED_RESERVATION']);
    const revoke = aCommand(concert.revokeConfirm, { scheduleId, reservationId, paymentId });
    expect(await handle([confirm, revoke])).toMatchObject([
      { code: 'EXPIRED_RESERVATION' },
      { body: { confirmed: false } },
    ]);
  });

  it('count towards the ticket limit of their user across batches, unless their hold lapsed', async () => {
    const show = await database.aShow();
    const [one, two, three] = [show.seatIds.slice(0, 2), show.seatIds.slice(2, 4), show.seatIds.slice(4, 6)];
    await handle([aHold(show, one)]);
    expect((await handle([aHold(show, two), aHold(show, three)])).map(wordOf)).toEqual([
      'forwarded',
      'TICKET_LIMIT_EXCEEDED',
    ]);
    expect((await handle([aHold(show, three)], 301)).map(wordOf)).toEqual(['forwarded']);
    const ended = (await claimsOf(show)).map(({ end_reason }) => end_reason);
    expect(ended).toEqual(['LAPSED', 'LAPSED', 'LAPSED', 'LAPSED', null, null]);
  });

  it('are blocked and given back', async () => {
    const show = await database.aShow();
    const { scheduleId, seatIds } = show;
    const block = (blocked: boolean) =>
      aCommand(concert.blockSeats, { scheduleId, seatIds: seatIds.slice(0, 2), blocked, reason: 'camera' });
    await handle([block(true)]);
    expect((await handle([aHold(show, [seatIds[0]!])])).map(wordOf)).toEqual(['ALREADY_RESERVED_SEAT']);
    expect((await handle([block(false), aHold(show, [seatIds[0]!])])).map(wordOf)).toEqual(['answered', 'forwarded']);
  });

  it('cost a batch of 500 holds no more statements than a batch of 2', async () => {
    const show = await database.aShow([{ section: 'A', rows: 10, seatsPerRow: 100, price: 1 }]);
    const holdsOf = (seatIds: readonly string[], first: number) =>
      seatIds.map((seatId, index) => aHold(show, [seatId], { userId: `fan ${first + index}` }));
    // In both batches one hold takes a lapsed seat over, so that both have claims to end.
    await database.handle(holdsOf([show.seatIds[0]!, show.seatIds[2]!], 0), -1_000);
    const two = await database.handle(holdsOf(show.seatIds.slice(0, 2), 10));
    const many = await database.handle(holdsOf(show.seatIds.slice(2, 502), 100));
    expect(many.outcomes.map(wordOf)).toEqual(many.outcomes.map(() => 'forwarded'));
    expect([two.statements, many.statements]).toEqual([5, 5]);
  });

  it('are locked, so that of two batches at once the later one waits and sees what the first has done', async () => {
    const show = await database.aShow();
    const [a, b] = show.seatIds as [string, string];
    let later!: Promise<string | undefined>;
    await inTransaction(database.dataSource, async (tx) => {
      await database.fold(tx, [aHold(show, [a, b])]);
      later = database.handle([aHold(show, [b, a], { userId: 'bob' })]).then(({ outcomes }) => wordOf(outcomes[0]));
      await eventually(async () => (await database.query(waitingForUs)).length > 0);
    });
    expect(await later).toBe('ALREADY_RESERVED_SEAT');
  });

  it('have a second guarantee behind the code: no two live claims', async () => {
    const show = await database.aShow();
    await handle([aHold(show, [show.seatIds[0]!])]);
    const again = `insert into claim (id, seat_id, schedule_id, reservation_id, user_id, status, held_until, claimed_at)
      select gen_random_uuid(), seat_id, schedule_id, gen_random_uuid(), 'bob', 'HELD', held_until, now() from claim
      where schedule_id = $1`;
    await expect(database.query(again, [show.scheduleId])).rejects.toThrow('claim_live_seat');
  });
});

const waitingForUs = `
  select 1 from pg_stat_activity
   where datname = current_database() and wait_event_type = 'Lock' and query like '%from seat%'`;
