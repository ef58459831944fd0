import type { Check } from './check.js';

/** For the sagas' timer, which looks every few seconds, and for the check that it sends, s. */
export const CHECK_MARGIN_SECONDS = 60;

/** What is undecided then must be STUCK: a payment's or cancellation's deadline and as long again. */
const graceEndsAt = 'coalesce(grace_ends_at, deadline_at + (deadline_at - created_at))';

/** What the ledger moved for each payment, minor units. */
const moved = `(
  select t.payment_id, min(e.account) as account,
         coalesce(-sum(e.amount) filter (where t.kind = 'DEBIT'), 0) as debited,
         coalesce(sum(e.amount) filter (where t.kind = 'REFUND'), 0) as refunded
  from wallet.transfer t join wallet.entry e on e.transfer_id = t.id and e.account like 'wallet:%'
  where t.payment_id is not null group by t.payment_id
)`;

/** In these states the saga knows of the debit's success, and has not asked for a refund. */
const debited = `state in ('CONFIRMING', 'REVOKING', 'EXPIRING_TOKEN', 'COMPLETED')`;
const paid = `in ('EXPIRING_TOKEN', 'COMPLETED')`;

/** A payment's clients are told once its seats are sold, before it is finished. */
const decided = `(
  select payment_id, waiters from reservation.payment where paid_at is not null or finished_at is not null
  union all
  select payment_id, waiters from reservation.cancellation where finished_at is not null
)`;

/**
 * A saga learns of what a service did after that has been committed, and asks for the next thing only then: whatever its
 * rows say has happened can be seen in the others' tables, and what they do not say yet may be.
 */
export const payments: readonly Check[] = [
  {
    id: 'I14',
    name: 'each payment that is past its debit has debited its amount, once',
    rows: `select count(*) from reservation.payment where ${debited}`,
    violations: `
      select 'a payment is past its debit, and its amount was not debited once' as what, p.payment_id::text as which
      from reservation.payment p left join ${moved} m using (payment_id)
      where ${debited} and coalesce(m.debited, 0) <> p.amount`,
  },
  {
    id: 'I14',
    name: 'no payment that completed is refunded but by a cancellation that names it',
    rows: `select count(*) from reservation.payment where ${debited}`,
    violations: `
      select 'a refund that no cancellation asked for' as what, p.payment_id::text as which
      from reservation.payment p join ${moved} m using (payment_id)
      where ${debited} and m.refunded <> 0
        and not exists (select from reservation.cancellation c where c.payment_id = p.payment_id)`,
  },
  {
    id: 'I14',
    name: 'each cancellation refunds exactly the debit, and its reservation says so',
    rows: 'select count(*) from reservation.cancellation',
    // The refund may have been made, and its reply be on its way.
    violations: `
      select 'a cancellation whose refund is not the debit' as what, c.reservation_id::text as which
      from reservation.cancellation c join reservation.reservation r using (reservation_id)
      left join ${moved} m on m.payment_id = c.payment_id
      where case c.state
        when 'REFUNDING' then coalesce(m.refunded, 0) not in (0, m.debited) or r.refunded_amount <> 0
        else coalesce(m.refunded, 0) <> coalesce(m.debited, 0) or r.refunded_amount <> coalesce(m.refunded, 0) end`,
  },
  {
    id: 'I14',
    name: 'each payment that did not complete has given back what it took',
    rows: `select count(*) from reservation.payment where state in ('REJECTED', 'COMPENSATED')`,
    violations: `
      select 'a payment did not complete and kept money' as what, p.payment_id::text as which
      from reservation.payment p join ${moved} m using (payment_id)
      where p.state in ('REJECTED', 'COMPENSATED') and m.debited <> m.refunded`,
  },
  {
    id: 'I14',
    name: 'each movement is of a payment that is known, of its user, and within its amount',
    rows: `select count(*) from wallet.transfer where payment_id is not null`,
    violations: `
      select 'a movement that no payment accounts for' as what, m.payment_id::text as which
      from ${moved} m left join reservation.payment p using (payment_id)
      where p.payment_id is null or m.account <> 'wallet:' || p.user_id
         or m.debited > p.amount or m.refunded > m.debited`,
  },
  {
    id: 'I14',
    name: 'each reservation agrees with its payment and its cancellation',
    rows: 'select count(*) from reservation.reservation',
    violations: `
      select 'a reservation disagrees with its payment or cancellation' as what, r.reservation_id::text as which
      from reservation.reservation r
      left join reservation.payment p on p.payment_id = r.payment_id and p.reservation_id = r.reservation_id
      left join reservation.cancellation c on c.reservation_id = r.reservation_id
      where p.payment_id is distinct from r.payment_id or (case r.status
        when 'WAITING' then coalesce(p.state = 'REJECTED', true) and c.state is null
        when 'PAYING' then p.state in ('DEBITING', 'CONFIRMING', 'REVOKING', 'REFUNDING') and c.state is null
        when 'EXPIRED' then coalesce(p.state in ('REJECTED', 'COMPENSATED'), true) and c.state is null
        when 'CONFIRMED' then p.state ${paid} and c.state is null
        when 'CANCELLING' then p.state ${paid} and c.state in ('REFUNDING', 'RELEASING')
        when 'CANCELLED' then case when r.paid_at is null then coalesce(p.state = 'REJECTED', true) and c.state is null
                                   else p.state ${paid} and c.state = 'DONE' end
        end) is not true`,
  },
  {
    id: 'I14',
    name: 'each reservation has one open or completed payment at most, and names it',
    rows: 'select count(*) from reservation.payment',
    violations: `
      select 'an open or completed payment that its reservation does not name' as what, p.payment_id::text as which
      from reservation.payment p join reservation.reservation r using (reservation_id)
      where p.state not in ('REJECTED', 'COMPENSATED') and r.payment_id is distinct from p.payment_id`,
  },
  ...sagaChecks('payment', 'payment_id', `state in ('COMPLETED', 'REJECTED', 'COMPENSATED')`),
  ...sagaChecks('cancellation', 'reservation_id', `state = 'DONE'`),
  {
    // They are told in the transaction that decides: whoever is still on the list would never be.
    id: 'I16',
    name: 'no payment or cancellation that is decided keeps anybody waiting for its answer',
    rows: `select count(*) from ${decided} d`,
    violations: `
      select 'a decided saga keeps somebody waiting' as what, payment_id::text as which
      from ${decided} d where waiters <> '[]'`,
  },
];

export const paymentsAtRest: readonly Check[] = [
  ...[
    { saga: 'payment', key: 'payment_id' },
    { saga: 'cancellation', key: 'reservation_id' },
  ].map(({ saga, key }) => ({
    id: 'I16',
    name: `no ${saga} is open`,
    rows: `select count(*) from reservation.${saga}`,
    violations: `
      select 'a ${saga} is still open' as what, ${key}::text as which
      from reservation.${saga} where finished_at is null`,
  })),
];

/** An EXPIRING_TOKEN payment is paid for and repeats its last request for as long as it takes: the documented exception. */
function sagaChecks(saga: 'payment' | 'cancellation', key: string, finished: string): Check[] {
  const late = `now() > ${graceEndsAt} + interval '${CHECK_MARGIN_SECONDS} seconds'`;
  return [
    {
      id: 'I16',
      name: `no ${saga} is open past its deadline and grace without being STUCK`,
      rows: `select count(*) from reservation.${saga} where finished_at is null`,
      violations: `
        select 'a ${saga} is open past its grace, and not STUCK' as what, ${key}::text as which
        from reservation.${saga}
        where finished_at is null and stuck_reason is null and state <> 'EXPIRING_TOKEN' and ${late}`,
    },
    {
      id: 'I16',
      name: `each ${saga} is finished, STUCK, or will be looked at`,
      rows: `select count(*) from reservation.${saga}`,
      violations: `
        select 'a ${saga} that nobody will look at' as what, ${key}::text as which
        from reservation.${saga}
        where case when ${finished} then finished_at is null
                   else finished_at is not null or (stuck_reason is null and next_check_at is null) end`,
    },
  ];
}
