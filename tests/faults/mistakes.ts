import { eventually, rowsOf, type System } from '#testing';

interface Mistake {
  readonly what: string;
  readonly which: string;
}

/** What an auditor asks of money and seats, whatever is still under way. */
const lasting = `
  with movement as (
    select t.payment_id, t.kind, -sum(e.amount) as moved
    from wallet.transfer t join wallet.entry e on e.transfer_id = t.id and e.account like 'wallet:%'
    where t.payment_id is not null group by t.payment_id, t.kind
  ), paid_seat as (
    select r.reservation_id, r.status, (seat ->> 'seatId')::uuid as seat_id
    from reservation.reservation r, jsonb_array_elements(r.seats) as seat
  ), live_claim as (
    select * from concert.claim where ended_at is null
  )
  select 'the ledger does not sum to zero' as what, sum(amount)::text as which from wallet.entry having sum(amount) <> 0
  union all
  select 'a transfer is not balanced', transfer_id::text from wallet.entry
  group by transfer_id having sum(amount) <> 0 or count(*) <> 2
  union all
  select 'a wallet differs from its entries', w.user_id from wallet.wallet w
  where w.balance <> (select coalesce(sum(amount), 0) from wallet.entry where account = 'wallet:' || w.user_id)
  union all
  select 'a completed payment without its one debit', p.payment_id::text from reservation.payment p
  where p.state = 'COMPLETED'
    and p.amount is distinct from (select sum(moved) from movement m where m.payment_id = p.payment_id and kind = 'DEBIT')
  union all
  select 'a completed payment with a refund', p.payment_id::text from reservation.payment p
  join movement m on m.payment_id = p.payment_id and m.kind = 'REFUND' where p.state = 'COMPLETED'
  union all
  select 'money of a payment that did not complete', p.payment_id::text from reservation.payment p
  join movement m on m.payment_id = p.payment_id
  where p.state in ('REJECTED', 'COMPENSATED') group by p.payment_id having sum(m.moved) <> 0
  union all
  select 'a movement of no payment', m.payment_id::text from movement m
  where not exists (select from reservation.payment p where p.payment_id = m.payment_id)
  union all
  select 'a confirmed seat that is not sold to its reservation', s.seat_id::text from paid_seat s
  where s.status = 'CONFIRMED' and not exists (
    select from live_claim c
    where c.seat_id = s.seat_id and c.reservation_id = s.reservation_id and c.status = 'SOLD'
  )
  union all
  select 'two live claims of one seat', seat_id::text from live_claim group by seat_id having count(*) > 1
`;

/** What must also hold once nothing is under way any more. */
const atRest = `
  select 'a payment that is still open' as what, payment_id::text as which from reservation.payment
  where finished_at is null
  union all
  select 'a sold seat without its confirmed reservation', c.seat_id::text from concert.claim c
  left join reservation.reservation r on r.reservation_id = c.reservation_id
  where c.ended_at is null and c.status = 'SOLD' and r.status is distinct from 'CONFIRMED'
  union all
  select 'a live hold without its waiting reservation', c.seat_id::text from concert.claim c
  left join reservation.reservation r on r.reservation_id = c.reservation_id
  where c.ended_at is null and c.status = 'HELD' and r.status is distinct from 'WAITING'
  ${['queue', 'concert', 'reservation', 'wallet']
    .map(
      (schema) => `
  union all
  select 'a parked message of ${schema}', reason || ': ' || coalesce(type, '') || ' ' || error from ${schema}.dead_letter
  union all
  select 'an unpublished message of ${schema}', type from ${schema}.outbox`,
    )
    .join('')}
`;

/** Everything that is wrong with the money and the seats of the system now; empty is right. */
export function mistakesIn({ adminDatabaseUrl }: Pick<System, 'adminDatabaseUrl'>): Promise<Mistake[]> {
  return rowsOf<Mistake>(adminDatabaseUrl, lasting);
}

/**
 * Waits until nothing is under way: no open payment, every outbox empty, claims and reservations agreed, nothing parked.
 * @throws with what is still wrong when it does not come to that
 */
export async function settles(system: Pick<System, 'adminDatabaseUrl'>, within = 30_000): Promise<void> {
  await eventually(
    async () => {
      const mistakes = [...(await mistakesIn(system)), ...(await rowsOf<Mistake>(system.adminDatabaseUrl, atRest))];
      if (mistakes.length > 0) throw new Error(mistakes.map(({ what, which }) => `${what}: ${which}`).join('\n'));
      return true;
    },
    { within, every: 250 },
  );
}
