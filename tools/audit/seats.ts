import type { Check } from './check.js';

/** Each seat of each reservation. */
const reserved = `(
  select r.*, (seat ->> 'seatId')::uuid as seat_id
  from reservation.reservation r cross join jsonb_array_elements(r.seats) as seat
)`;

/** Sold, paid for, and not yet given back: the seats are asked for only once the refund is in. */
const owned = `(r.status = 'CONFIRMED' or r.status = 'CANCELLING' and exists (
  select from reservation.cancellation c where c.reservation_id = r.reservation_id and c.state = 'REFUNDING'))`;

/** A hold may be taken over the moment it ends; so close to that, nothing is asked of it, s. */
const LAPSE_MARGIN_SECONDS = 1;
const waits = `r.status = 'WAITING' and r.expires_at > clock_timestamp() + interval '${LAPSE_MARGIN_SECONDS} seconds'`;

/**
 * A seat is sold before its reservation is CONFIRMED, and freed after it has become CANCELLING: between the two the saga
 * says what is under way. A hold is there before its reservation, and ends after it, unless it ended by itself.
 */
export const seats: readonly Check[] = [
  {
    id: 'I15',
    name: 'each seat has one live claim at most',
    rows: 'select count(*) from concert.claim where ended_at is null',
    violations: `
      select 'a seat has more than one live claim' as what, seat_id::text as which
      from concert.claim where ended_at is null group by seat_id having count(*) > 1`,
  },
  {
    id: 'I15',
    name: 'each seat has one confirmed reservation at most',
    rows: `select count(*) from ${reserved} r where status = 'CONFIRMED'`,
    violations: `
      select 'a seat has more than one confirmed reservation' as what, seat_id::text as which
      from ${reserved} r where status = 'CONFIRMED' group by seat_id having count(*) > 1`,
  },
  {
    id: 'I15',
    name: 'each seat of a confirmed reservation is sold to its payment',
    rows: `select count(*) from ${reserved} r where ${owned}`,
    violations: `
      select 'a paid seat is not sold to its reservation' as what, r.seat_id::text as which
      from ${reserved} r
      where ${owned} and not exists (
        select from concert.claim c
        where c.seat_id = r.seat_id and c.reservation_id = r.reservation_id and c.payment_id = r.payment_id
          and c.status = 'SOLD' and c.ended_at is null)`,
  },
  {
    id: 'I15',
    name: 'each sold seat is of a reservation that is paid, or whose payment is being confirmed',
    rows: `select count(*) from concert.claim where ended_at is null and status = 'SOLD'`,
    violations: `
      select 'a sold seat whose reservation does not pay for it' as what, c.seat_id::text as which
      from concert.claim c
      left join reservation.reservation r on r.reservation_id = c.reservation_id and r.payment_id = c.payment_id
      left join reservation.payment p on p.payment_id = c.payment_id
      where c.ended_at is null and c.status = 'SOLD' and (
        r.seats @> jsonb_build_array(jsonb_build_object('seatId', c.seat_id))
        and (r.status in ('CONFIRMED', 'CANCELLING') or r.status = 'PAYING' and p.state in ('CONFIRMING', 'REVOKING'))
      ) is not true`,
  },
  {
    id: 'I15',
    name: 'what was decided about the seats of each payment agrees with it',
    rows: 'select count(*) from concert.confirmation',
    violations: `
      select 'a payment disagrees with what was decided about its seats' as what, payment_id::text as which
      from reservation.payment p full join concert.confirmation d using (payment_id)
      where (case d.result
        when 'confirmed' then p.state in ('CONFIRMING', 'REVOKING', 'EXPIRING_TOKEN', 'COMPLETED')
        when 'refused' then p.state in ('CONFIRMING', 'REVOKING', 'REFUNDING', 'COMPENSATED')
        else p.state not in ('EXPIRING_TOKEN', 'COMPLETED') end) is not true`,
  },
  {
    id: 'I15',
    name: 'seats are sold by a confirmation, and each confirmation sold some',
    rows: `select count(*) from concert.confirmation where result = 'confirmed'`,
    violations: `
      select 'a sale and a confirmation without the other' as what, payment_id::text as which
      from (select distinct payment_id from concert.claim where status = 'SOLD') sold
      full join (select payment_id, result from concert.confirmation where result = 'confirmed') d using (payment_id)
      where d.result is null or sold.payment_id is null`,
  },
  {
    id: 'I15',
    name: 'each reservation that waits to be paid holds its seats',
    rows: `select count(*) from ${reserved} r where ${waits}`,
    violations: `
      select 'a waiting reservation does not hold its seat' as what, r.seat_id::text as which
      from ${reserved} r
      where ${waits} and not exists (
        select from concert.claim c
        where c.seat_id = r.seat_id and c.reservation_id = r.reservation_id and c.status = 'HELD' and c.ended_at is null)`,
  },
  {
    id: 'I15',
    name: 'no blocked seat has a live claim',
    rows: 'select count(*) from concert.seat where blocked',
    violations: `
      select 'a blocked seat has a live claim' as what, s.id::text as which
      from concert.seat s join concert.claim c on c.seat_id = s.id and c.ended_at is null where s.blocked`,
  },
];

export const seatsAtRest: readonly Check[] = [
  {
    id: 'I15',
    name: 'live claims and reservations agree exactly',
    rows: 'select count(*) from concert.claim where ended_at is null',
    violations: `
      select case c.status when 'SOLD' then 'a sold seat without its confirmed reservation'
                           else 'a held seat without its waiting reservation' end as what, c.seat_id::text as which
      from concert.claim c left join reservation.reservation r using (reservation_id)
      where c.ended_at is null
        and r.status is distinct from case c.status when 'SOLD' then 'CONFIRMED' else 'WAITING' end`,
  },
];
