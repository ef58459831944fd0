// Whether what was sold before makes the next hold slower: whole transactions of the deployed handler, on a PostgreSQL of its own
// whose tables grow between the turns. All rows are live claims, as of concerts that are sold out and still to come: those are in every index.
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { built, timed } from './servers.mjs';

const [BATCH, BATCHES, WARM_UP] = [500, 40, 4];
const [AT_ONCE, SEATS_PER_DATE] = [500_000, 20_000];

/** Seats that are sold: rows of two tables and of all their indexes. Each refers to what is there, so nobody need check it. */
async function sell(adminUrl, from, to) {
  const client = new pg.Client({ connectionString: adminUrl, options: '-c search_path=concert' });
  await client.connect();
  await client.query('set session_replication_role = replica');
  for (let first = from; first < to; first += AT_ONCE) {
    await client.query(
      `with sold as (
         insert into seat (id, schedule_id, position, section, row_name, number, price)
         select gen_random_uuid(), md5((n / ${SEATS_PER_DATE})::text)::uuid, n % ${SEATS_PER_DATE}, 'A', '1', n % ${SEATS_PER_DATE}, 1000
         from generate_series($1::int, $2::int) n returning id, schedule_id, number
       )
       insert into claim (id, seat_id, schedule_id, reservation_id, user_id, status, held_until, payment_id, claimed_at)
       select gen_random_uuid(), id, schedule_id, gen_random_uuid(), 'buyer-' || number, 'SOLD', now(), gen_random_uuid(), now()
       from sold`,
      [first, Math.min(first + AT_ONCE, to) - 1],
    );
  }
  await client.query('vacuum analyze seat');
  await client.query('vacuum analyze claim');
  await client.query('checkpoint');
  await client.end();
}

/** Holds of a new date, in full batches; ms of each batch. */
async function holdTimes(database, { aCommand, concert }) {
  const rows = Math.ceil(((BATCHES + WARM_UP) * BATCH) / 1_000);
  const show = await database.aShow([{ section: 'A', rows, seatsPerRow: 1_000, price: 1_000 }]);
  const times = [];
  for (let batch = 0; batch < BATCHES + WARM_UP; batch += 1) {
    const seats = show.seatIds.slice(batch * BATCH, (batch + 1) * BATCH);
    const holds = seats.map((seatId) => {
      const reservationId = uuidv7();
      const { concertId, scheduleId } = show;
      return aCommand(concert.holdSeats, {
        concertId,
        scheduleId,
        reservationId,
        userId: reservationId,
        seatIds: [seatId],
      });
    });
    const { ms, result } = await timed(() => database.handle(holds));
    if (result.outcomes.some(({ kind }) => kind !== 'forwarded')) throw new Error('a seat was not held');
    if (batch >= WARM_UP) times.push(ms);
  }
  return times;
}

export const benches = {
  'scale.rows': {
    what: 'holds a second of the concert service, in full batches, with --sold seats sold before; the limit is with a hundredth of them',
    async run({ options: { sold }, print }) {
      const { emptyDatabase } = await built('libs/testing/src/index.js');
      const { ConcertDatabase } = await built('services/concert/test/concert.database.js');
      const { aCommand } = await built('services/concert/test/command.builders.js');
      const { concert } = await built('libs/contracts/src/index.js');
      const empty = await emptyDatabase();
      const database = await ConcertDatabase.in(empty);
      try {
        const perSecond = [];
        const sizes = [sold / 100, sold / 10, sold].map(Math.round);
        for (const [turn, size] of sizes.entries()) {
          await sell(empty.adminUrl, sizes[turn - 1] ?? 0, size);
          const times = await holdTimes(database, { aCommand, concert });
          const figure = (1_000 * times.length * BATCH) / times.reduce((sum, ms) => sum + ms, 0);
          perSecond.push(figure);
          print({ name: `scale.rows.${size}`, figure, unit: 'holds/s', limit: perSecond[0], times });
        }
      } finally {
        await database.drop();
      }
    },
  },
};
