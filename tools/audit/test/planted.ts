import * as harm from './harm.js';
import { idOf } from './history.js';

export interface Planted {
  /** The name of the check that must see it. */
  readonly check: string;
  /** Statements, in one transaction in which foreign keys and triggers are off. */
  readonly sql: readonly string[];
  /** Each violation of the report: what, and an SQL expression for which row, read before the harm. */
  readonly found: readonly (readonly [what: string, which: string])[];
  /** On the history at rest, by the stricter audit. */
  readonly atRest?: true;
}

const quoted = (text: string) => `'${text}'`;
const messageId = 'ff000000-0000-8000-8000-00000000abcd';
const unknown = idOf('payment', 9_999);
const transferOf = (name: harm.Name) =>
  `(select id from wallet.transfer where top_up_id = '${idOf('topUp', harm.numberOf(name))}')`;
const entry = (set: string, name: harm.Name, account: string) =>
  `update wallet.entry set ${set} where transfer_id = ${transferOf(name)} and account like '${account}'`;
const timeline = (set: string, name: harm.Name) =>
  `update reservation.payment_timeline set ${set} where payment_id = '${harm.paymentOf(name)}'`;

const inMoney: readonly Planted[] = [
  {
    check: 'the ledger sums to zero',
    sql: [entry('amount = amount + 1', 'waiting', 'outside')],
    found: [
      ['the ledger does not sum to zero', quoted('1')],
      ['a transfer is not balanced', transferOf('waiting')],
    ],
  },
  {
    check: 'each transfer has two entries that sum to zero',
    sql: [entry('amount = amount + 1', 'waiting', 'outside'), entry('amount = amount - 1', 'expired', 'outside')],
    found: [
      ['a transfer is not balanced', transferOf('waiting')],
      ['a transfer is not balanced', transferOf('expired')],
    ],
  },
  {
    check: 'each transfer moves money between the accounts of its kind',
    sql: [entry(`account = 'sales'`, 'waiting', 'outside')],
    found: [['a transfer is between other accounts than its kind says', transferOf('waiting')]],
  },
  {
    check: 'each wallet is the sum of its entries',
    sql: [`update wallet.wallet set balance = balance + 1 where user_id = '${harm.fanOf('waiting')}'`],
    found: [['a wallet differs from its entries', quoted(harm.fanOf('waiting'))]],
  },
  {
    check: 'each wallet is the sum of its entries',
    sql: [`delete from wallet.wallet where user_id = '${harm.fanOf('waiting')}'`],
    found: [['a wallet differs from its entries', quoted(harm.fanOf('waiting'))]],
  },
  {
    check: 'each entry of a wallet shows the balance behind it',
    sql: [entry('balance_after = balance_after + 1', 'waiting', 'wallet:%')],
    found: [
      [
        'an entry shows another balance than the one behind it',
        `(select id from wallet.entry where transfer_id = ${transferOf('waiting')} and account like 'wallet:%')`,
      ],
    ],
  },
  {
    check: 'no wallet is negative, or ever was',
    sql: [
      'alter table wallet.wallet drop constraint wallet_balance_check',
      `update wallet.wallet set balance = -1 where user_id = '${harm.fanOf('waiting')}'`,
    ],
    found: [
      ['a wallet is or was negative', quoted(harm.fanOf('waiting'))],
      ['a wallet differs from its entries', quoted(harm.fanOf('waiting'))],
    ],
  },
];

const inMessages: readonly Planted[] = [
  {
    check: 'no message waits to be published for more than 60 s',
    sql: [harm.unpublished('wallet', messageId, 61), harm.unpublished('queue', messageId, 59)],
    found: [['a message is not published', quoted(`wallet: a.Type.v1 ${messageId}`)]],
  },
  {
    check: 'each message in the inbox has its outcome',
    sql: [harm.handled('queue', messageId, null)],
    found: [['a message was taken without an outcome', quoted(`queue: ${messageId}`)]],
  },
  {
    check: 'no message that lies among the dead letters was handled',
    sql: [harm.handled('concert', messageId, { kind: 'done' }), harm.parked('concert', messageId)],
    found: [['a parked message was handled', quoted(`concert: ${messageId}`)]],
  },
  {
    check: 'no message that lies among the dead letters has moved a payment',
    sql: [
      timeline(`message_id = '${messageId}'`, 'debiting'),
      harm.handled('reservation', messageId, { kind: 'parked', reason: 'fault' }),
      harm.parked('reservation', messageId),
    ],
    found: [['a parked message has moved a payment', quoted(harm.paymentOf('debiting'))]],
  },
  {
    check: 'each payment is where its timeline ends, and no message has moved it twice',
    sql: [timeline(`state = 'CONFIRMING'`, 'debiting')],
    found: [['a payment is not where its timeline ends', quoted(harm.paymentOf('debiting'))]],
  },
  {
    check: 'each payment is where its timeline ends, and no message has moved it twice',
    sql: [timeline(`message_id = '${messageId}'`, 'completed')],
    found: [['a message has moved a payment twice', quoted(harm.paymentOf('completed'))]],
  },
  {
    check: 'each StartPayment began one payment at most, and each payment was begun by one',
    sql: [
      'drop index reservation.payment_by_start',
      harm.payment('completed too', `start_message_id = '${idOf('start', harm.numberOf('completed'))}'`),
    ],
    found: [['a StartPayment has begun more than one payment', quoted(idOf('start', harm.numberOf('completed')))]],
  },
  {
    check: 'each StartPayment began one payment at most, and each payment was begun by one',
    sql: [`delete from reservation.inbox where message_id = '${idOf('start', harm.numberOf('completed'))}'`],
    found: [['a payment that no StartPayment has begun', quoted(harm.paymentOf('completed'))]],
  },
  {
    check: 'each top-up, debit and refund was booked once',
    sql: [
      'alter table wallet.transfer drop constraint transfer_top_up_id_key',
      harm.moves(harm.fanOf('waiting'), 'TOP_UP', idOf('topUp', harm.numberOf('waiting'))),
    ],
    found: [['a movement was booked twice', quoted(`${idOf('topUp', harm.numberOf('waiting'))} TOP_UP`)]],
  },
  {
    check: 'each debit and refund moved what its barrier says',
    sql: [
      `update wallet.barrier set moved = 0 where payment_id = '${harm.paymentOf('completed')}'`,
      harm.forgotten('completed'),
    ],
    found: [['a barrier and the ledger disagree', quoted(`${harm.paymentOf('completed')} DEBIT`)]],
  },
  {
    check: 'each answer of the wallet is about something that was booked',
    sql: [harm.handled('wallet', messageId, { kind: 'answered', body: { topUpId: idOf('topUp', 9_999) } })],
    found: [['the wallet has answered for what it has not booked', quoted(messageId)]],
  },
  {
    check: 'each answer of the wallet is about something that was booked',
    sql: [harm.handled('wallet', messageId, { kind: 'answered', body: { paymentId: unknown, moved: 1 } })],
    found: [['the wallet has answered for what it has not booked', quoted(messageId)]],
  },
  {
    check: 'each hold took each of its seats once',
    sql: [harm.anotherClaim('waiting', { ended_at: 'now()', end_reason: `'LAPSED'` })],
    found: [['a hold took a seat twice', quoted(harm.seatOf('waiting'))]],
  },
  {
    check: 'each reservation is of one hold, with its seats, its user and its schedule',
    sql: [harm.claim('waiting', `user_id = 'somebody'`)],
    found: [['a reservation differs from its hold', quoted(harm.reservationOf('waiting'))]],
  },
  {
    check: 'every message is published',
    atRest: true,
    sql: [harm.unpublished('reservation', messageId, 0)],
    found: [['a message is not published yet', quoted(`reservation: a.Type.v1 ${messageId}`)]],
  },
  {
    check: 'each hold has become a reservation',
    atRest: true,
    sql: [`delete from reservation.reservation where reservation_id = '${harm.reservationOf('expired')}'`],
    found: [['a hold without its reservation', quoted(harm.reservationOf('expired'))]],
  },
  {
    check: 'no message is parked',
    atRest: true,
    sql: [harm.parked('wallet', messageId)],
    found: [['a message is parked', quoted(`wallet: a.Type.v1 ${messageId} (fault) a bug`)]],
  },
];

export const elsewhere: readonly Planted[] = [...inMoney, ...inMessages];
