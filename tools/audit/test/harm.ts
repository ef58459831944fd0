import { idOf, price, userOf } from './history.js';
import { settled, underWay } from './purchases.js';

/** The settled ones come first, so that they have the same numbers in both histories. */
const names = [...Object.keys(settled), ...Object.keys(underWay)];
export type Name = keyof typeof settled | keyof typeof underWay;

export const numberOf = (name: Name) => names.indexOf(name) + 1;
export const paymentOf = (name: Name) => idOf('payment', numberOf(name));
export const reservationOf = (name: Name) => idOf('reservation', numberOf(name));
export const seatOf = (name: Name) => idOf('seat', numberOf(name));
export const fanOf = (name: Name) => userOf(numberOf(name));

/** SQL that sets columns of one payment, reservation, claim, cancellation or place. */
export const payment = (name: Name, set: string) =>
  `update reservation.payment set ${set} where payment_id = '${paymentOf(name)}'`;
export const reservation = (name: Name, set: string) =>
  `update reservation.reservation set ${set} where reservation_id = '${reservationOf(name)}'`;
export const cancellation = (name: Name, set: string) =>
  `update reservation.cancellation set ${set} where reservation_id = '${reservationOf(name)}'`;
export const claim = (name: Name, set: string) =>
  `update concert.claim set ${set} where id = '${idOf('claim', numberOf(name))}'`;
export const place = (number: number, set: string) => `update queue.place set ${set} where queue_number = ${number}`;

/** Another claim like that of `name`, with other values in some columns. */
export function anotherClaim(
  name: Name,
  columns: Partial<Record<'reservation_id' | 'ended_at' | 'end_reason', string>>,
) {
  const { reservation_id = 'reservation_id', ended_at = 'ended_at', end_reason = 'end_reason' } = columns;
  return `insert into concert.claim
    select gen_random_uuid(), seat_id, schedule_id, ${reservation_id}, user_id, status, held_until, payment_id, claimed_at,
           ${ended_at}, ${end_reason}
    from concert.claim where id = '${idOf('claim', numberOf(name))}'`;
}

/** A wallet's balance as its entries say. */
const rebalanced = (userId: string) =>
  `update wallet.wallet set balance = (select sum(amount) from wallet.entry where account = 'wallet:${userId}')
   where user_id = '${userId}'`;

/** A further transfer with all that belongs to it, so that nothing but its being there is wrong. */
export function moves(userId: string, kind: 'TOP_UP' | 'DEBIT' | 'REFUND', cause: string): string {
  const amount = kind === 'DEBIT' ? -price : price;
  const [account, column] = kind === 'TOP_UP' ? ['outside', 'top_up_id'] : ['sales', 'payment_id'];
  return [
    `with made as (
       insert into wallet.transfer (id, kind, ${column}, created_at)
       values (gen_random_uuid(), '${kind}', '${cause}', now()) returning id)
     insert into wallet.entry (id, transfer_id, account, amount, balance_after)
     select gen_random_uuid(), made.id, '${account}', ${-amount}, null from made
     union all
     select gen_random_uuid(), made.id, 'wallet:${userId}', ${amount}, balance + ${amount}
     from made, wallet.wallet where user_id = '${userId}'`,
    kind === 'TOP_UP'
      ? 'select'
      : `insert into wallet.barrier values ('${cause}', '${kind}', '${userId}', ${price}, ${price}, 'MOVED', 0, now())`,
    rebalanced(userId),
  ].join(';');
}

/** The last transfer of a payment is undone, with all that belongs to it. */
export function neverMoved(name: Name, kind: 'DEBIT' | 'REFUND'): string {
  const of = `payment_id = '${paymentOf(name)}'`;
  return [
    `delete from wallet.entry where transfer_id in (select id from wallet.transfer where ${of} and kind = '${kind}')`,
    `delete from wallet.transfer where ${of} and kind = '${kind}'`,
    `delete from wallet.barrier where ${of} and operation = '${kind}'`,
    forgotten(name),
    rebalanced(fanOf(name)),
  ].join(';');
}

/** The wallet's inbox no longer has what it answered to the payment. */
export const forgotten = (name: Name) =>
  `delete from wallet.inbox where outcome -> 'body' ->> 'paymentId' = '${paymentOf(name)}'`;

export const parked = (service: string, messageId: string) =>
  `insert into ${service}.dead_letter (id, consumer, topic, partition, "offset", message_id, type, headers, attempts, reason, error)
   values (gen_random_uuid(), '${service}', 'topic', 0, 7, '${messageId}', 'a.Type.v1', '{}', 1, 'fault', 'a bug')`;

export const handled = (service: string, messageId: string, outcome: object | null) =>
  `insert into ${service}.inbox (consumer, message_id, outcome)
   values ('${service}', '${messageId}', ${outcome ? `'${JSON.stringify(outcome)}'` : 'null'})`;

export const unpublished = (service: string, messageId: string, seconds: number) =>
  `insert into ${service}.outbox
     (id, lane, aggregatetype, aggregateid, type, topic, partition, key, headers, payload, created_at)
   values ('${messageId}', 'lane', 'x', 'x', 'a.Type.v1', 'topic', 0, 'k', '{}', '{}', now() - interval '${seconds} seconds')`;
