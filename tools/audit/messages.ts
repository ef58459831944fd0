import { type Check, inEach, rowsInEach } from './check.js';

/** Long enough for a lane to be taken over, and for whoever looks after overdue lanes to have had several turns, s. */
export const OUTBOX_AGE_SECONDS = 60;

/** The inbox remembers ids for eight days; what is looked up in it is younger, days. */
export const INBOX_DAYS = 7;

/** Reasons for which a message is parked that was understood: its outcome is in the inbox. */
const understood = `reason in ('fault', 'killer', 'behind') and replayed_at is null`;

/** What a message that is parked leaves in a timeline: the payment waits, and is where it was. Its replay moves it then. */
const moved = `event <> 'WAITS_FOR_OPERATOR'`;

const outbox = (condition: string) =>
  inEach((service) => `select '${service}: ' || type || ' ' || id as which from ${service}.outbox where ${condition}`);

/**
 * A message's inbox row, effect and outbox rows commit together: each of them that can be seen must be there with the others.
 * What is on its way to somebody else is in nobody's rows yet.
 */
export const messages: readonly Check[] = [
  {
    id: 'I17',
    name: `no message waits to be published for more than ${OUTBOX_AGE_SECONDS} s`,
    rows: rowsInEach('outbox'),
    violations: `
      select 'a message is not published' as what, which
      from (${outbox(`created_at < now() - interval '${OUTBOX_AGE_SECONDS} seconds'`)}) waiting`,
  },
  {
    id: 'I18',
    name: 'each message in the inbox has its outcome',
    rows: rowsInEach('inbox'),
    violations: `
      select 'a message was taken without an outcome' as what, which
      from (${inEach(
        (service) => `select '${service}: ' || message_id as which from ${service}.inbox where outcome is null`,
      )}) taken`,
  },
  {
    // A repeat of a message whose saga runs may be parked alone: the first one stays open.
    id: 'I18',
    name: 'no message that lies among the dead letters was handled',
    rows: `select count(*) from (${inEach(
      (service) => `select id from ${service}.dead_letter where ${understood}`,
    )}) letters`,
    violations: `
      select 'a parked message was handled' as what, which
      from (${inEach(
        (service) => `
          select '${service}: ' || l.message_id as which
          from ${service}.dead_letter l join ${service}.inbox i using (message_id, consumer)
          where ${understood} and i.outcome ->> 'kind' not in ('parked', 'open')`,
      )}) handled`,
  },
  {
    id: 'I18',
    name: 'no message that lies among the dead letters has moved a payment',
    rows: 'select count(*) from reservation.payment_timeline',
    violations: `
      select distinct 'a parked message has moved a payment' as what, t.payment_id::text as which
      from reservation.dead_letter l
      join reservation.inbox i using (message_id, consumer)
      join reservation.payment_timeline t using (message_id)
      where l.replayed_at is null and i.outcome ->> 'kind' = 'parked' and ${moved}`,
  },
  {
    id: 'I18',
    name: 'each payment is where its timeline ends, and no message has moved it twice',
    rows: 'select count(*) from reservation.payment_timeline',
    violations: `
      select 'a payment is not where its timeline ends' as what, p.payment_id::text as which
      from reservation.payment p
      left join (select distinct on (payment_id) payment_id, state from reservation.payment_timeline
                 order by payment_id, seq desc) last using (payment_id)
      where last.state is distinct from p.state
      union all
      select distinct 'a message has moved a payment twice', payment_id::text
      from reservation.payment_timeline where ${moved} group by payment_id, message_id having count(*) > 1`,
  },
  {
    id: 'I18',
    name: 'each StartPayment began one payment at most, and each payment was begun by one',
    rows: 'select count(*) from reservation.payment',
    violations: `
      select distinct 'a StartPayment has begun more than one payment' as what, start_message_id::text as which
      from reservation.payment group by start_message_id having count(*) > 1
      union all
      select 'a payment that no StartPayment has begun', p.payment_id::text
      from reservation.payment p
      where p.created_at > now() - interval '${INBOX_DAYS} days' and not exists (
        select from reservation.inbox i where i.message_id = p.start_message_id and i.outcome ->> 'kind' = 'open')`,
  },
  {
    id: 'I18',
    name: 'each top-up, debit and refund was booked once',
    rows: 'select count(*) from wallet.transfer',
    violations: `
      select 'a movement was booked twice' as what, coalesce(top_up_id, payment_id) || ' ' || kind as which
      from wallet.transfer group by top_up_id, payment_id, kind having count(*) > 1`,
  },
  {
    id: 'I18',
    name: 'each debit and refund moved what its barrier says',
    rows: 'select count(*) from wallet.barrier',
    violations: `
      select 'a barrier and the ledger disagree' as what, payment_id || ' ' || kind as which
      from (select payment_id, operation as kind, sum(moved) as moved from wallet.barrier group by 1, 2) b
      full join (select t.payment_id, t.kind, sum(abs(e.amount)) as moved
                 from wallet.transfer t join wallet.entry e on e.transfer_id = t.id and e.account like 'wallet:%'
                 where t.payment_id is not null group by 1, 2) m using (payment_id, kind)
      where coalesce(b.moved, 0) <> coalesce(m.moved, 0) or b.payment_id is null`,
  },
  {
    id: 'I18',
    name: 'each answer of the wallet is about something that was booked',
    rows: `select count(*) from wallet.inbox where outcome ->> 'kind' = 'answered'`,
    violations: `
      select 'the wallet has answered for what it has not booked' as what, i.message_id::text as which
      from (select message_id, outcome -> 'body' as body from wallet.inbox where outcome ->> 'kind' = 'answered') i
      where not case
        when i.body ->> 'topUpId' is not null
          then exists (select from wallet.transfer t where t.top_up_id = (i.body ->> 'topUpId')::uuid)
        when i.body ->> 'paymentId' is not null
          then exists (select from wallet.barrier b where b.payment_id = (i.body ->> 'paymentId')::uuid
                                                      and b.moved = (i.body ->> 'moved')::bigint)
        else true end`,
  },
  {
    id: 'I18',
    name: 'each hold took each of its seats once',
    rows: 'select count(*) from concert.claim',
    violations: `
      select 'a hold took a seat twice' as what, seat_id::text as which
      from concert.claim group by reservation_id, seat_id having count(*) > 1`,
  },
  {
    id: 'I18',
    name: 'each reservation is of one hold, with its seats, its user and its schedule',
    rows: 'select count(*) from reservation.reservation',
    violations: `
      select distinct 'a reservation differs from its hold' as what, coalesce(r.reservation_id, c.reservation_id)::text as which
      from (select r.reservation_id, r.user_id, r.schedule_id, (seat ->> 'seatId')::uuid as seat_id
            from reservation.reservation r cross join jsonb_array_elements(r.seats) as seat) r
      full join (select c.* from concert.claim c join reservation.reservation using (reservation_id)) c
        on c.reservation_id = r.reservation_id and c.seat_id = r.seat_id
      where (c.user_id = r.user_id and c.schedule_id = r.schedule_id) is not true`,
  },
];

export const messagesAtRest: readonly Check[] = [
  {
    id: 'I17',
    name: 'every message is published',
    rows: rowsInEach('outbox'),
    violations: `select 'a message is not published yet' as what, which from (${outbox('true')}) waiting`,
  },
  {
    id: 'I18',
    name: 'each hold has become a reservation',
    rows: 'select count(distinct reservation_id) from concert.claim',
    violations: `
      select distinct 'a hold without its reservation' as what, c.reservation_id::text as which
      from concert.claim c
      where not exists (select from reservation.reservation r where r.reservation_id = c.reservation_id)`,
  },
  {
    id: 'I18',
    name: 'no message is parked',
    rows: rowsInEach('dead_letter'),
    violations: `
      select 'a message is parked' as what, which
      from (${inEach(
        (service) => `
          select concat_ws(' ', '${service}:', type, message_id, '(' || reason || ')', left(error, 200)) as which
          from ${service}.dead_letter where replayed_at is null`,
      )}) parked`,
  },
];
