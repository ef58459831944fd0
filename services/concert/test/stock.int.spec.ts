import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { concert } from '#contracts';
import { type Due, inTransaction } from '#messaging';
import { emptyDatabase } from '#testing';
import { StockTimer } from '../src/messages/stock.timer.js';
import { CreateStock1795680000000 } from '../src/postgres/migrations/2-create-stock.js';
import { StockStore } from '../src/postgres/stock.store.js';
import { aCommand } from './command.builders.js';
import { aHold, aSchedule, ConcertDatabase, type Show } from './concert.database.js';

describe('what is left of a schedule', () => {
  let database: ConcertDatabase;
  beforeAll(async () => {
    database = await ConcertDatabase.in(await emptyDatabase());
  });
  afterAll(() => database.drop());

  const began = Date.now();
  /** The timer looks, so many seconds after the tests began. */
  const look = async (later = 0): Promise<Due & { asked: unknown[]; waitMs: number }> =>
    inTransaction(database.dataSource, async (tx) => {
      tx.now = new Date(began + later * 1_000);
      const due = await new StockTimer(new StockStore()).find(tx);
      const asked = due.send.map(({ payload }) => (payload as { scheduleId: string }).scheduleId);
      return { ...due, asked, waitMs: due.nextAt.getTime() - tx.now.getTime() };
    });
  const aCount = ({ scheduleId }: Pick<Show, 'scheduleId'>) => aCommand(concert.countSeats, { scheduleId });
  const count = async (show: Show) => {
    const { counts } = await database.handle([aCount(show)]);
    const { concertId, scheduleId } = show;
    expect(counts).toMatchObject([{ concertId, scheduleId }]);
    const [{ seatsLeft, seatsSold, buyers }] = counts as [concert.SeatsCounted];
    return [seatsLeft, seatsSold, buyers];
  };
  const purchase = (show: Show, seatIds: string[], userId: string) => {
    const [reservationId, paymentId] = [uuidv7(), uuidv7()];
    const of = { scheduleId: show.scheduleId, reservationId, paymentId };
    return {
      hold: aHold(show, seatIds, { userId, reservationId }),
      confirm: aCommand(concert.confirmSeats, { ...of, seatIds }),
      cancel: aCommand(concert.cancelSeats, of),
    };
  };
  const block = ({ scheduleId }: Show, seatIds: string[], blocked: boolean) =>
    aCommand(concert.blockSeats, { scheduleId, seatIds, blocked, reason: 'camera', operator: 'otto' });

  it('is what is neither sold nor blocked: a hold leaves it, since its seats may come back', async () => {
    const show = await database.aShow();
    const [a, b, c, d] = show.seatIds as [string, string, string, string];
    const ada = purchase(show, [a, b], 'ada');
    const again = purchase(show, [c], 'ada');
    expect(await count(show)).toEqual([10, 0, 0]);
    await database.handle([ada.hold, again.hold]);
    expect(await count(show)).toEqual([10, 0, 0]);
    await database.handle([ada.confirm, again.confirm, block(show, [d], true)]);
    expect(await count(show)).toEqual([6, 3, 1]);
    await database.handle([ada.cancel, block(show, [d], false)]);
    expect(await count(show)).toEqual([9, 1, 1]);
  });

  it('is counted after all of its batch, by a version that rises with every count', async () => {
    const show = await database.aShow();
    const ada = purchase(show, [show.seatIds[0]!], 'ada');
    const { counts, outcomes } = await database.handle([aCount(show), aCount(show), ada.hold, ada.confirm]);
    expect(counts).toMatchObject([{ version: 1, seatsLeft: 9 }]);
    expect(concert.seatsCounted.payload.parse(counts[0])).toEqual(counts[0]);
    expect(outcomes[0]).toEqual({ kind: 'done' });
    expect((await database.handle([aCount(show)])).counts).toMatchObject([{ version: 2, seatsLeft: 9 }]);
    expect((await database.handle([aCount({ scheduleId: uuidv7() })])).counts).toEqual([]);
  });

  it('is asked for by whatever sells, blocks or gives back, and not by holds and repeats', async () => {
    const show = await database.aShow();
    const [ada, bob] = [
      purchase(show, show.seatIds.slice(0, 2), 'ada'),
      purchase(show, show.seatIds.slice(2, 3), 'bob'),
    ];
    let seconds = 0;
    const asked = async (...commands: Parameters<ConcertDatabase['handle']>[0]) => {
      await database.handle(commands);
      seconds += 1;
      return (await look(seconds)).asked.includes(show.scheduleId);
    };
    expect(await asked()).toBe(true);
    expect(await asked(ada.hold, bob.hold)).toBe(false);
    expect(await asked(ada.confirm)).toBe(true);
    expect(await asked(ada.confirm)).toBe(false);
    expect(await asked(bob.confirm, ada.cancel)).toBe(true);
    expect(await asked(ada.cancel, ada.confirm)).toBe(false);
    expect(await asked(block(show, [show.seatIds[5]!], true))).toBe(true);
    expect(await asked(block(show, [show.seatIds[5]!], false))).toBe(true);
  });

  it('is asked for once in half a second, however many seats are sold', async () => {
    const show = await database.aShow();
    const sales = show.seatIds.map((seatId, number) => purchase(show, [seatId], `fan-${number}`));
    const [first, ...others] = sales as [(typeof sales)[0], ...typeof sales];
    const { scheduleId } = show;
    await database.handle([first.hold, first.confirm]);
    expect((await look(20)).asked).toEqual([scheduleId]);
    expect((await look(20)).waitMs).toBe(5_000);
    for (const { hold, confirm } of others.slice(0, 3)) await database.handle([hold, confirm]);
    const early = await look(20.499);
    expect([early.asked, early.waitMs]).toEqual([[], 500]);
    expect((await look(20.5)).asked).toEqual([scheduleId]);
    expect((await look(21)).asked).toEqual([]);
  });

  it('is asked for of a new schedule at once, and of all again each hour while their show is ahead', async () => {
    const { concertId } = await database.aShow();
    await look(10_000);
    const [ahead, over] = [uuidv7(), uuidv7()];
    const blocks = [{ section: 'A', rows: 1, seatsPerRow: 1, price: 1 }];
    const long = '2020-01-01T00:00:00.000Z';
    await database.handle([aSchedule(concertId, ahead, blocks), aSchedule(concertId, over, blocks, long)]);
    expect(new Set((await look(10_000)).asked)).toEqual(new Set([ahead, over]));
    expect((await look(13_599)).asked).toEqual([]);
    const { asked } = await look(13_600);
    expect([asked.includes(ahead), asked.includes(over)]).toEqual([true, false]);
  });

  it('is asked for of every schedule that is there when the service comes to count', async () => {
    const show = await database.aShow();
    const ada = purchase(show, [...show.seatIds.slice(0, 4)], 'ada');
    await database.handle([ada.hold, ada.confirm]);
    await database.query('drop table stock');
    const runner = database.dataSource.createQueryRunner();
    await new CreateStock1795680000000().up(runner);
    await runner.release();
    expect((await look()).asked).toContain(show.scheduleId);
    expect(await count(show)).toEqual([6, 4, 1]);
  });
});
