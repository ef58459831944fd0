import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { v7 as uuidv7 } from 'uuid';
import { concert } from '#contracts';
import { emptyDatabase } from '#testing';
import type { ConcertCommand } from '../src/messages/accepted.js';
import { aCommand } from './command.builders.js';
import { aHold, ConcertDatabase, type Show, wordOf } from './concert.database.js';

// What a batch loads must be all that its messages touch, and what it saves all that they changed: so any commands, told
// to two equal shows, end alike whether they come in one batch or one by one.

let database: ConcertDatabase;
beforeAll(async () => {
  database = await ConcertDatabase.in(await emptyDatabase());
});
afterAll(() => database.drop());

/** Stands for a command: made for a show, its reservations and its payments, which are named by number. */
type Told = (show: Show, idOf: (name: string) => string) => ConcertCommand;

const numbers = (max: number) => fc.integer({ min: 0, max });
const seats = fc.uniqueArray(numbers(5), { minLength: 1, maxLength: 3 });
const of = (show: Show, idOf: (name: string) => string, number: number) => {
  return { scheduleId: show.scheduleId, reservationId: idOf(`reservation ${number}`) };
};
const idsOf = (show: Show, places: readonly number[]) => places.map((place) => show.seatIds[place]!);

const told: fc.Arbitrary<Told> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(numbers(5), seats).map(([number, places]): Told => (show, idOf) => {
      const { reservationId } = of(show, idOf, number);
      return aHold(show, idsOf(show, places), { userId: `fan ${number % 3}`, reservationId });
    }),
  },
  numbers(5).map(
    (number): Told =>
      (show, idOf) =>
        aCommand(concert.extendHold, { ...of(show, idOf, number), until: '2099-01-01T00:00:00.000Z' }),
  ),
  fc.tuple(numbers(5), numbers(3), seats).map(([number, payment, places]): Told => (show, idOf) => {
    const paymentId = idOf(`payment ${payment}`);
    return aCommand(concert.confirmSeats, { ...of(show, idOf, number), paymentId, seatIds: idsOf(show, places) });
  }),
  fc.tuple(numbers(5), numbers(3)).map(
    ([number, payment]): Told =>
      (show, idOf) =>
        aCommand(concert.revokeConfirm, { ...of(show, idOf, number), paymentId: idOf(`payment ${payment}`) }),
  ),
  numbers(5).map(
    (number): Told =>
      (show, idOf) =>
        aCommand(concert.releaseHold, { ...of(show, idOf, number), reason: 'EXPIRED' }),
  ),
  fc.tuple(numbers(5), numbers(3)).map(
    ([number, payment]): Told =>
      (show, idOf) =>
        aCommand(concert.cancelSeats, { ...of(show, idOf, number), paymentId: idOf(`payment ${payment}`) }),
  ),
  fc.tuple(seats, fc.boolean()).map(
    ([places, blocked]): Told =>
      ({ scheduleId, ...show }) =>
        aCommand(concert.blockSeats, {
          scheduleId,
          seatIds: idsOf({ scheduleId, ...show }, places),
          blocked,
          reason: 'camera',
        }),
  ),
);

/** Tells a fresh show: some of it earlier, so that holds have lapsed by the time of the rest. */
async function tell(earlier: readonly Told[], now: readonly Told[], together: boolean) {
  const show = await database.aShow();
  const ids = new Map<string, string>();
  const idOf = (name: string) => ids.get(name) ?? ids.set(name, uuidv7()).get(name)!;
  const words: (string | undefined)[] = [];
  for (const [part, later] of [
    [earlier, -301],
    [now, 0],
  ] as const) {
    const commands = part.map((command) => command(show, idOf));
    const batches = together ? [commands] : commands.map((command) => [command]);
    for (const batch of batches) words.push(...(await database.handle(batch, later)).outcomes.map(wordOf));
  }
  const nameOf = new Map([...ids].map(([name, id]) => [id, name]));
  const rows = await database.query<Record<string, string>>(seatsOfShow, [show.scheduleId]);
  const state = rows.map(({ reservation_id, payment_id, ...row }) => {
    return { ...row, by: nameOf.get(reservation_id!), paid: nameOf.get(payment_id!) };
  });
  return { words, state };
}

const seatsOfShow = `
  select position, blocked, block_reason, reservation_id, payment_id, status, user_id, end_reason
    from seat left join claim on claim.seat_id = seat.id where seat.schedule_id = $1
   order by position, reservation_id, claimed_at, claim.id`;

it('ends alike in one batch and one by one', async () => {
  const some = fc.array(told, { minLength: 5, maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(some, some, async (earlier, now) => {
      const [together, apart] = [await tell(earlier, now, true), await tell(earlier, now, false)];
      expect(together.words).toEqual(apart.words);
      expect(together.state.map(sorted).sort()).toEqual(apart.state.map(sorted).sort());
    }),
    { numRuns: 25 },
  );
});

const sorted = (row: object) => JSON.stringify(Object.entries(row).sort());
