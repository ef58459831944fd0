import * as harm from './harm.js';
import { idOf, userOf } from './history.js';
import type { Planted } from './planted.js';

const quoted = (text: string) => `'${text}'`;
const unknown = idOf('payment', 9_999);
const waiting = `waiters = '[{"correlationId": "c"}]'`;
const overdue = `deadline_at = created_at + interval '1 second'`;

const inPayments: readonly Planted[] = [
  {
    check: 'each payment that is past its debit has debited its amount, once',
    sql: [harm.neverMoved('completed', 'DEBIT')],
    found: [['a payment is past its debit, and its amount was not debited once', quoted(harm.paymentOf('completed'))]],
  },
  {
    check: 'no payment that completed is refunded but by a cancellation that names it',
    sql: [harm.moves(harm.fanOf('completed'), 'REFUND', harm.paymentOf('completed'))],
    found: [['a refund that no cancellation asked for', quoted(harm.paymentOf('completed'))]],
  },
  {
    check: 'each cancellation refunds exactly the debit, and its reservation says so',
    sql: [harm.neverMoved('cancelled', 'REFUND')],
    found: [['a cancellation whose refund is not the debit', quoted(harm.reservationOf('cancelled'))]],
  },
  {
    check: 'each cancellation refunds exactly the debit, and its reservation says so',
    sql: [harm.reservation('cancelled', 'refunded_amount = 1')],
    found: [['a cancellation whose refund is not the debit', quoted(harm.reservationOf('cancelled'))]],
  },
  {
    check: 'each payment that did not complete has given back what it took',
    sql: [harm.neverMoved('compensated', 'REFUND')],
    found: [['a payment did not complete and kept money', quoted(harm.paymentOf('compensated'))]],
  },
  {
    check: 'each movement is of a payment that is known, of its user, and within its amount',
    sql: [harm.moves(userOf(1), 'DEBIT', unknown)],
    found: [['a movement that no payment accounts for', quoted(unknown)]],
  },
  {
    check: 'each reservation agrees with its payment and its cancellation',
    sql: [harm.reservation('rejected', `status = 'PAYING'`)],
    found: [['a reservation disagrees with its payment or cancellation', quoted(harm.reservationOf('rejected'))]],
  },
  {
    check: 'each reservation has one open or completed payment at most, and names it',
    sql: [harm.payment('debiting', `reservation_id = '${harm.reservationOf('waiting')}'`)],
    found: [
      ['an open or completed payment that its reservation does not name', quoted(harm.paymentOf('debiting'))],
      ['a reservation disagrees with its payment or cancellation', quoted(harm.reservationOf('debiting'))],
    ],
  },
  {
    check: 'no payment is open past its deadline and grace without being STUCK',
    sql: [harm.payment('revoking', overdue)],
    found: [['a payment is open past its grace, and not STUCK', quoted(harm.paymentOf('revoking'))]],
  },
  {
    check: 'each payment is finished, STUCK, or will be looked at',
    sql: [harm.payment('debiting', 'next_check_at = null')],
    found: [['a payment that nobody will look at', quoted(harm.paymentOf('debiting'))]],
  },
  {
    check: 'no cancellation is open past its deadline and grace without being STUCK',
    sql: [harm.cancellation('cancelling', overdue)],
    found: [['a cancellation is open past its grace, and not STUCK', quoted(harm.reservationOf('cancelling'))]],
  },
  {
    check: 'each cancellation is finished, STUCK, or will be looked at',
    sql: [harm.cancellation('cancelling', 'next_check_at = null')],
    found: [['a cancellation that nobody will look at', quoted(harm.reservationOf('cancelling'))]],
  },
  {
    check: 'no payment or cancellation that is decided keeps anybody waiting for its answer',
    sql: [harm.payment('expiring the token', waiting), harm.cancellation('cancelled', waiting)],
    found: [
      ['a decided saga keeps somebody waiting', quoted(harm.paymentOf('expiring the token'))],
      ['a decided saga keeps somebody waiting', quoted(harm.paymentOf('cancelled'))],
    ],
  },
  {
    check: 'no payment is open',
    atRest: true,
    sql: [
      harm.payment('completed', `state = 'EXPIRING_TOKEN', finished_at = null, next_check_at = now()`),
      `delete from reservation.payment_timeline where payment_id = '${harm.paymentOf('completed')}' and state = 'COMPLETED'`,
    ],
    found: [['a payment is still open', quoted(harm.paymentOf('completed'))]],
  },
  {
    check: 'no cancellation is open',
    atRest: true,
    sql: [
      harm.cancellation('cancelled', `state = 'RELEASING', finished_at = null, next_check_at = now()`),
      harm.reservation('cancelled', `status = 'CANCELLING'`),
    ],
    found: [['a cancellation is still open', quoted(harm.reservationOf('cancelled'))]],
  },
];

const inSeats: readonly Planted[] = [
  {
    check: 'each seat has one live claim at most',
    sql: [
      'drop index concert.claim_live_seat',
      harm.anotherClaim('waiting', { reservation_id: quoted(idOf('reservation', 9_999)) }),
    ],
    found: [['a seat has more than one live claim', quoted(harm.seatOf('waiting'))]],
  },
  {
    check: 'each seat has one confirmed reservation at most',
    sql: [
      'drop index concert.claim_live_seat',
      harm.claim('completed too', `seat_id = '${harm.seatOf('completed')}'`),
      harm.reservation(
        'completed too',
        `seats = (select seats from reservation.reservation where reservation_id = '${harm.reservationOf('completed')}')`,
      ),
    ],
    found: [
      ['a seat has more than one confirmed reservation', quoted(harm.seatOf('completed'))],
      ['a seat has more than one live claim', quoted(harm.seatOf('completed'))],
    ],
  },
  {
    check: 'each seat of a confirmed reservation is sold to its payment',
    sql: [harm.claim('completed', `ended_at = now(), end_reason = 'CANCELLED'`)],
    found: [['a paid seat is not sold to its reservation', quoted(harm.seatOf('completed'))]],
  },
  {
    check: 'each sold seat is of a reservation that is paid, or whose payment is being confirmed',
    sql: [harm.claim('cancelled', 'ended_at = null, end_reason = null')],
    found: [['a sold seat whose reservation does not pay for it', quoted(harm.seatOf('cancelled'))]],
  },
  {
    check: 'what was decided about the seats of each payment agrees with it',
    sql: [`insert into concert.confirmation values ('${harm.paymentOf('rejected')}', 'refused', now())`],
    found: [['a payment disagrees with what was decided about its seats', quoted(harm.paymentOf('rejected'))]],
  },
  {
    check: 'seats are sold by a confirmation, and each confirmation sold some',
    sql: [`delete from concert.confirmation where payment_id = '${harm.paymentOf('sold, the reply on its way')}'`],
    found: [['a sale and a confirmation without the other', quoted(harm.paymentOf('sold, the reply on its way'))]],
  },
  {
    check: 'each reservation that waits to be paid holds its seats',
    sql: [harm.claim('waiting', `ended_at = now(), end_reason = 'LAPSED'`)],
    found: [['a waiting reservation does not hold its seat', quoted(harm.seatOf('waiting'))]],
  },
  {
    check: 'no blocked seat has a live claim',
    sql: [`update concert.seat set blocked = true, block_reason = 'stage' where id = '${harm.seatOf('waiting')}'`],
    found: [['a blocked seat has a live claim', quoted(harm.seatOf('waiting'))]],
  },
  {
    check: 'live claims and reservations agree exactly',
    atRest: true,
    sql: [harm.claim('expired', 'ended_at = null, end_reason = null')],
    found: [['a held seat without its waiting reservation', quoted(harm.seatOf('expired'))]],
  },
  {
    check: 'live claims and reservations agree exactly',
    atRest: true,
    sql: [harm.claim('cancelled', 'ended_at = null, end_reason = null')],
    found: [
      ['a sold seat whose reservation does not pay for it', quoted(harm.seatOf('cancelled'))],
      ['a sold seat without its confirmed reservation', quoted(harm.seatOf('cancelled'))],
    ],
  },
];

export const inPurchases: readonly Planted[] = [...inPayments, ...inSeats];
